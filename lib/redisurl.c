/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/redisurl.h"

#include "lib/text.h"

#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 -> A, in place.  A password may hold '@' that way. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high >= 0 ? hex_digit(s[2]) : -1;

		*to = low >= 0 ? (char)(high << 4 | low) : *s;
		s += low >= 0 ? 2 : 0;
	}
	*to = '\0';
}

static bool parse_database(struct redis_url *u, const char *s)
{
	return !*s || (text_int(s, &u->database) && u->database >= 0 && u->database <= 65535);
}

/* unix:///path/to.sock?db=1, also unix://user:password@/path */
static bool parse_unix(struct redis_url *u, char *rest)
{
	char *query = strchr(rest, '?');

	if (query)
		*query++ = '\0';
	u->path = rest;
	if (rest[0] != '/')
		return false;
	return !query || (strncmp(query, "db=", 3) == 0 && parse_database(u, query + 3));
}

/* host[:port][/database], an IPv6 address in brackets */
static bool parse_tcp(struct redis_url *u, char *rest)
{
	char *slash = strchr(rest, '/');

	if (slash)
		*slash++ = '\0';

	char *end = rest[0] == '[' ? strchr(rest, ']') : NULL;
	char *colon = strrchr(end ? end : rest, ':');

	if (colon)
		*colon++ = '\0';
	if (end) {
		*end = '\0';
		rest++;
	}
	u->host = *rest ? rest : "127.0.0.1";
	return (!colon || (text_int(colon, &u->port) && u->port > 0 && u->port < 65536))
	    && (!slash || parse_database(u, slash));
}

static void parse_credentials(struct redis_url *u, char *userinfo)
{
	char *colon = strchr(userinfo, ':');

	if (colon)
		*colon++ = '\0';
	unescape(userinfo);
	u->user = *userinfo ? userinfo : NULL;
	u->password = colon;
	if (colon)
		unescape(colon);
}

static bool no_url(struct error *err)
{
	return fail(err, ERR_INVALID, "a Redis URL is redis://host:port/db or unix:///path");
}

bool redis_url_parse(struct redis_url *u, const char *text, struct error *err)
{
	if (strlen(text) >= sizeof u->text)
		return fail(err, ERR_INVALID, "a Redis URL has at most %zu bytes",
		            sizeof u->text - 1);
	*u = (struct redis_url){ .port = 6379 };
	(void)snprintf(u->text, sizeof u->text, "%s", text);

	char *rest = strstr(u->text, "://");

	if (strncmp(u->text, "rediss://", 9) == 0)
		return fail(err, ERR_INVALID,
		            "rediss:// is not supported; use a unix socket, or a TLS "
		            "tunnel such as stunnel");
	if (!rest)
		return no_url(err);
	*rest = '\0';
	rest += 3;

	char *at = rest[0] == '/' ? NULL : strrchr(rest, '@');     /* a path may have one, too */

	if (at) {
		*at = '\0';
		parse_credentials(u, rest);
		rest = at + 1;
	}

	bool good = strcmp(u->text, "redis") == 0 ? parse_tcp(u, rest)
	          : strcmp(u->text, "unix") == 0 ? parse_unix(u, rest) : false;

	return good || no_url(err);
}
