/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/claims.h"

#include "lib/text.h"

#include <string.h>

enum { NAME_BYTES_MAX = 1024 };

static const double time_max = 9007199254740992;   /* 2^53: exact in every language's numbers */

static bool refuse(struct error *err, const char *why)
{
	return fail_hidden(err, ERR_UNAUTHENTICATED, "token: %s", why);
}

/* A text that a NUL would cut is another one. */
static bool is_text(const struct jwt_claim *claim)
{
	return claim->type == JWT_TEXT && memchr(claim->text.at, '\0', claim->text.len) == NULL;
}

/* Whole seconds since 1970; a fraction is cut off, and digits in quotes count. */
static bool is_time(const struct jwt_claim *claim, int64_t *out)
{
	double n = claim->type == JWT_NUMBER ? claim->number : -1;
	int64_t whole;

	if (is_text(claim) && text_int(claim->text.at, &whole))
		n = (double)whole;
	if (!(n >= 0 && n <= time_max))
		return false;
	*out = (int64_t)n;
	return true;
}

/* Absent, or in the past. */
static bool has_begun(const struct jwt_token *t, const char *name, int64_t now_s)
{
	struct jwt_claim claim = jwt_claim(t, name);
	int64_t when = 0;

	return claim.type == JWT_ABSENT || (is_time(&claim, &when) && when <= now_s);
}

static bool check_times(const struct jwt_token *t, int64_t now_s, struct error *err)
{
	struct jwt_claim exp = jwt_claim(t, "exp");
	int64_t ends_s = 0;

	if (!is_time(&exp, &ends_s))
		return refuse(err, "exp is no time");
	if (ends_s <= now_s)
		return refuse(err, "expired");
	return (has_begun(t, "nbf", now_s) || refuse(err, "nbf is no time that has come"))
	    && (has_begun(t, "iat", now_s) || refuse(err, "iat is no time that has come"));
}

/* A token for someone must not be taken by someone else, so one with an audience needs ours. */
static bool is_for_us(const struct jwt_token *t, const char *audience)
{
	struct jwt_claim aud = jwt_claim(t, "aud");

	if (*audience == '\0')
		return aud.type == JWT_ABSENT || aud.type == JWT_NULL
		    || (aud.type == JWT_TEXT && aud.text.len == 0)
		    || (aud.type == JWT_LIST && aud.count == 0);
	if (aud.type == JWT_TEXT)
		return slice_equals(aud.text, audience);
	for (size_t i = 0; i < aud.count; i++)
		if (slice_equals(aud.list[i], audience))
			return true;
	return false;
}

static bool is_from(const struct jwt_token *t, const char *issuer)
{
	struct jwt_claim iss = jwt_claim(t, "iss");

	return *issuer == '\0' || (iss.type == JWT_TEXT && slice_equals(iss.text, issuer));
}

static bool is_name(const struct jwt_claim *claim)
{
	return is_text(claim) && claim->text.len <= NAME_BYTES_MAX;
}

static bool check_names(const struct config *c, const struct jwt_token *t, struct bearer *out,
                        struct error *err)
{
	struct jwt_claim sub = jwt_claim(t, "sub"), jti = jwt_claim(t, "jti");
	struct jwt_claim tenant = jwt_claim(t, c->jwt_tenant_claim);

	if (!is_name(&sub) || sub.text.len == 0)
		return refuse(err, "sub is no name");
	if (jti.type != JWT_ABSENT && jti.type != JWT_TEXT)
		return refuse(err, "jti is no text");
	if (tenant.type != JWT_ABSENT && !is_name(&tenant))
		return refuse(err, "the tenant is no name");
	*out = (struct bearer){
		.subject = sub.text,
		.tenant = tenant.type == JWT_TEXT ? tenant.text.at : NULL,
	};
	return true;
}

bool claims_check(const struct config *c, const struct jwt_token *t, int64_t now_s,
                  struct bearer *out, struct error *err)
{
	return check_times(t, now_s, err)
	    && (is_from(t, c->jwt_issuer) || refuse(err, "iss is another"))
	    && (is_for_us(t, c->jwt_audience) || refuse(err, "aud is another"))
	    && check_names(c, t, out, err);
}
