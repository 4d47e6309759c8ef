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
	const char *const *sources;        /* where each came from, in config.c's order; NULL = not told */
};

/*
 * Reads every setting.  All problems at once, one line each with variable, value and range, in
 * *problems; false when there is any.  Names we do not know are ignored.  env_file may be NULL.
 * Strings live in arena.
 */
bool config_load(struct config *c, struct arena *arena, const char *env_file,
                 struct buf *problems);
/* Conditions between settings (contract 8.3): the same way. */
bool config_check(const struct config *c, struct buf *problems);
/* What is allowed but may surprise, one line each. */
void config_warn(const struct config *c, struct buf *warnings);
void config_print_env(struct buf *out);    /* .env.example */
/* name, value, where it came from; secrets masked */
void config_print_effective(const struct config *c, struct buf *out);

bool config_is_production(const struct config *c);
bool config_is_guarded(const struct config *c);    /* production or public beta */
int64_t config_run_seconds(const struct config *c);        /* the longest that one execution may take */
int64_t config_workers(const struct config *c);    /* WORKERS, or what 0 stands for */

#endif
