/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings: environment, then --env-file for what it lacks -> struct config, constant from
 * then on.  One line of config.def is one setting: its field, its variable, its default, its
 * range, its sentence.  The field is the variable in lower case.
 */
#ifndef POLICY_CONFIG_H
#define POLICY_CONFIG_H

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Who said it, and what that was when it was no value; both NULL, the default counts. */
struct origin {
	const char *where, *refused;
};

struct config {
#define STR(field, name, standard, sentence) const char *field;
#define SECRET(field, name, standard, sentence) const char *field;
#define LIST(field, name, standard, sentence) const char *field;      /* text_next_item(',') */
#define ENUM(field, name, standard, words, sentence) const char *field;
#define INT(field, name, standard, low, high, sentence) int64_t field;
#define SIZE(field, name, standard, low, high, sentence) int64_t field;       /* bytes */
#define SECONDS(field, name, standard, low, high, sentence) int64_t field;    /* milliseconds */
#define BOOL(field, name, standard, sentence) bool field;
#include "fcgi-app/policy/config.def"
	const struct origin *origins;      /* one for each line of config.def */
	const char *strays;                /* names that were meant to be settings: lines of text */
};

struct dotenv;

/*
 * Reads every setting.  All problems at once, one line each with variable, value and range, in
 * *problems; false when there is any.  Names we do not know are a warning's.  env_file may be NULL.
 * Strings live in arena.
 */
bool config_load(struct config *c, struct arena *arena, const char *env_file,
                 struct buf *problems);
bool config_read(struct config *c, struct arena *arena, const struct dotenv *file,
                 struct buf *problems);
/* Conditions between settings (contract 8.3): the same way. */
bool config_check(const struct config *c, struct buf *problems);
/* What is allowed but may surprise, one line each; where asked, also what the defaults bring. */
void config_warn(const struct config *c, bool asked, struct buf *warnings);
void config_print_env(struct buf *out);    /* .env.example */
/* Of each setting its value, who said it, and a verdict, secrets masked; then what is wrong. */
void config_print_check(const struct config *c, const struct buf *problems,
                        const struct buf *warnings, struct buf *out);

bool config_is_production(const struct config *c);
bool config_names_beta(const struct config *c);    /* APP_ENV does */
bool config_is_guarded(const struct config *c);    /* production or public beta */
int64_t config_run_seconds(const struct config *c);        /* the longest that one execution may take */
int64_t config_making_ms(const struct config *c);  /* the longest that a sandbox may take to be made */
int64_t config_pending_ms(const struct config *c); /* what was reserved for one outlives that */
int64_t config_render_seconds(const struct config *c);     /* ... one rendering of either kind */
enum { LIFETIME_GRACE_S = 60 };            /* and by so much a sandbox outlives the last one */
bool config_is_told(const struct config *c, const char *name);    /* that setting, by anyone */
int64_t config_workers(const struct config *c);    /* WORKERS, or what 0 stands for */
int64_t config_latex_body(const struct config *c); /* LATEX_RENDER_MAX_REQUEST_BODY_BYTES, the same */

#endif
