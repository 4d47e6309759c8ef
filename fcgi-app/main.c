/* SPDX-License-Identifier: Apache-2.0 */
/* From the command line and the settings to a socket and a master. */
#include "fcgi-app/healthcheck.h"
#include "fcgi-app/master.h"
#include "fcgi-app/place.h"
#include "fcgi-app/policy/backend.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

static const char usage[] =
	"Usage: code-gateway [--env-file PATH] [--check]\n"
	"       code-gateway [--env-file PATH] --healthcheck\n"
	"       code-gateway --print-env | --version | --help\n"
	"\n"
	"Runs Python and Bash for others in sandbox containers; answers FastCGI on the socket\n"
	"that FASTCGI_SOCKET names, or on the one a web server, spawn-fcgi or systemd gives it.\n"
	"\n"
	"  --env-file PATH  Settings the environment lacks: lines of NAME=value, # for comments,\n"
	"                   quotes around a value optional.  A set variable wins, a blank one\n"
	"                   counts as unset.  A file that cannot be read ends with status 78;\n"
	"                   a name that is no setting is warned about.\n"
	"  --check          Prints every setting with its value, who said it and a verdict (ok,\n"
	"                   warning, unfit), secrets masked, then warnings and what is wrong, and\n"
	"                   ends: 0 = fit to start, 78 = not.  Connects to nothing.\n"
	"  --healthcheck    Asks the gateway that listens on FASTCGI_SOCKET how it is, says what it\n"
	"                   heard, and ends: 0 = healthy, 1 = not, or no answer in five seconds.\n"
	"  --print-env      Prints a commented .env with every setting, its default and range.\n"
	"                   Sizes may be written 512m (b, k, m, g, t); times are seconds unless\n"
	"                   the name says otherwise; lists have commas.\n"
	"  --version        Prints the version.\n"
	"  --help           Prints this.\n"
	"\n"
	"Exit status: 0 stopped after finishing every request; 1 it could not start, or requests\n"
	"were cut off after DRAIN_SECONDS; 64 a wrong option; 78 unfit settings.\n"
	"TERM, INT, QUIT and USR1 drain and stop; a second one stops at once.\n";

struct options {
	const char *env_file;
	bool check, healthcheck;
};

static void print(FILE *to, const struct buf *text)
{
	if (text->len)
		(void)fwrite(text->data, 1, text->len, to);
}

static int print_env(void)
{
	auto_buf text = BUF_INIT(TEXT_MAX);

	config_print_env(&text);
	print(stdout, &text);
	return EXIT_SUCCESS;
}

/* Returns -1 to go on, else an exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "print-env", no_argument, NULL, 'p' },
		{ "check", no_argument, NULL, 'c' },
		{ "healthcheck", no_argument, NULL, 'H' },
		{ "env-file", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
		switch (c) {
		case 'h': return fputs(usage, stdout) < 0;
		case 'V': return puts("code-gateway " PACKAGE_VERSION) < 0;
		case 'p': return print_env();
		case 'c': o->check = true; break;
		case 'H': o->healthcheck = true; break;
		case 'e': o->env_file = optarg; break;
		default: return fputs("Try code-gateway --help.\n", stderr) < 0 ? 1 : EX_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "code-gateway: unexpected argument: %s\n", argv[optind]);
	return EX_USAGE;
}

static enum log_level log_level_of(const struct config *c)
{
	static const struct { const char *word; enum log_level level; } levels[] = {
		{ "DEBUG", LOG_DEBUG }, { "INFO", LOG_INFO }, { "WARNING", LOG_WARNING },
		{ "WARN", LOG_WARNING }, { "ERROR", LOG_ERROR }, { "CRITICAL", LOG_ERROR },
	};

	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (text_equals_nocase(c->log_level, levels[i].word))
			return levels[i].level;
	return LOG_INFO;
}

static void log_lines(const struct buf *lines)
{
	struct slice rest = buf_slice(lines), line;

	while (text_next_item(&rest, '\n', &line))
		log_text(LOG_WARNING, "settings", "%.*s", (int)line.len, line.at);
}

static bool read_settings(struct config *c, struct arena *arena, const struct options *o)
{
	auto_buf problems = BUF_INIT(TEXT_MAX), warnings = BUF_INIT(TEXT_MAX);
	auto_buf text = BUF_INIT(TEXT_MAX);
	bool read = config_load(c, arena, o->env_file, &problems);
	bool safe = config_check(c, &problems);
	bool placed = place_check(c, &problems);
	bool fit = backend_check(c, &problems) && read && safe && placed;

	config_warn(c, o->check, &warnings);
	if (!o->check) {
		print(stderr, &problems);
		log_set_level(log_level_of(c));
		if (fit)
			log_lines(&warnings);
		return fit;
	}
	config_print_check(c, &problems, &warnings, &text);
	print(stdout, &text);
	(void)puts(fit ? "These settings are fit to start." : "These settings are unfit.");
	return fit;
}

static int run(const struct config *c)
{
	struct listener listener = { .fd = -1 };
	struct error err = { .kind = ERR_NONE };

	if (place_take(c, &listener, &err))
		return master_run(c, &listener);
	(void)fprintf(stderr, "code-gateway: %s\n", err.msg);
	listen_close(&listener);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = { .env_file = NULL };
	struct arena arena = { 0 };
	struct config config;
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (options.healthcheck)
		status = healthcheck(&arena, options.env_file);
	else if (!read_settings(&config, &arena, &options))
		status = EX_CONFIG;
	else
		status = options.check ? EXIT_SUCCESS : run(&config);
	arena_finish(&arena);
	return status;
}
