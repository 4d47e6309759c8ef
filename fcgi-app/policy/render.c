/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/render.h"

#include "fcgi-app/policy/exchange.h"
#include "fcgi-app/policy/member.h"
#include "fcgi-app/policy/metrics.h"
#include "lib/text.h"

/* SAYS_MAX: characters kept of each stream. */
enum { FIRST_EPOCH = 1, ATTACH_MS = 10000, BYE_MS = 500, REMOVE_MS = 10000, SAYS_MAX = 65536 };

/* One rendering that has its slot. */
struct work {
	struct exchange x;
	struct renderslot slot;
	struct turn turn;
	struct collector in;
	struct deadline deadline;          /* of all of it */
	bool is_new;                       /* its sandbox is made for it, not found in the pool */
	bool never_made;                   /* ... and certainly has not come into being */
};

static struct run_limits limits_of(const struct config *c, const struct render_job *job)
{
	struct run_limits limits = output_limits(c, job->timeout_s);

	limits.max_chars = SAYS_MAX;
	limits.max_files = job->max_output_files;
	limits.max_file_bytes = limits.max_files_bytes = (uint64_t)job->max_output_bytes;
	return limits;
}

static bool make_sandbox(struct work *w, struct error *err)
{
	const struct config *c = w->x.b->config;
	struct deadline deadline = deadline_first(w->deadline, deadline_in_ms(config_making_ms(c)));
	struct sandbox_request want;

	member_describe(c, SANDBOX_RENDER, &want);
	want.name = w->slot.name;
	want.image = c->sandbox_image;
	want.uid = w->slot.uid;
	w->is_new = true;
	if (sandbox_start(w->x.b, &want, deadline, w->slot.container, err))
		return true;
	w->never_made = err->kind != ERR_UNAVAILABLE && err->kind != ERR_TIMEOUT;
	return false;
}

static bool begin(struct work *w, struct error *err)
{
	int64_t ends_ms = (config_render_seconds(w->x.b->config) + LIFETIME_GRACE_S) * 1000;
	const struct terms terms = {
		.id = w->slot.container, .epoch = FIRST_EPOCH, .idle_ms = ends_ms, .lifetime_ms = ends_ms,
	};

	return talk_begin(&w->x.talk, w->x.b, &terms,
	                  deadline_first(w->deadline, deadline_in_ms(ATTACH_MS)), err);
}

/* BYE, to a sandbox that has nothing to do any more; else by force. */
static void end_sandbox(struct work *w, bool is_done)
{
	struct error ignored = { 0 };
	bool ended = is_done && talk_bye(&w->x.talk, deadline_in_ms(BYE_MS), &ignored);

	talk_end(&w->x.talk);
	if (!ended)
		docker_remove(w->x.b->docker, w->slot.container, deadline_in_ms(REMOVE_MS), &ignored);
}

/* In the sandbox of its slot, which is gone afterwards. */
static bool run(struct work *w, struct error *err)
{
	bool begun = begin(w, err);
	bool ended = begun && exchange_turn(&w->x, &w->turn, &w->in, err);

	end_sandbox(w, ended);
	return ended;
}

/* One of the pool may have died there: then nobody has seen the job yet. */
static bool is_stillborn(const struct work *w, const struct error *err)
{
	return !w->is_new && !w->x.talk.heard && err->kind != ERR_TIMEOUT;
}

static bool find_and_run(struct work *w, struct error *err)
{
	if (w->slot.container[0] != '\0') {
		if (run(w, err))
			return true;
		if (!is_stillborn(w, err) || !renderslot_rename(w->x.b, &w->slot, err))
			return false;
	}
	return make_sandbox(w, err) && run(w, err);
}

static void prepare(struct work *w, const struct claim *claim, const struct render_job *job,
                    struct rendering *out)
{
	const struct config *c = w->x.b->config;

	w->deadline = deadline_in_ms(job->timeout_s * 1000);
	w->x.slot = &w->slot;
	w->x.watch = claim->watch;
	w->x.renew_at_us = now_us() + c->run_lease_seconds * 1000000 / 3;
	w->turn = (struct turn){
		.run = {
			.language = job->language,
			.id = text_slice(out->result.id),
			.limits = limits_of(c, job),
		},
		.code = job->code,
		.files = job->files,
		.n_files = job->n_files,
		.until = w->deadline,
	};
	collector_init(&w->in, c, w->x.arena, &out->result);
	w->in.limits = w->turn.run.limits;
	w->in.out.max = w->in.err.max = SAYS_MAX;
	out->result.stdout_text = (struct buf)BUF_INIT(SAYS_MAX * 4);
	out->result.stderr_text = (struct buf)BUF_INIT(SAYS_MAX * 4);
	w->in.spool = &out->spool;
}

bool render_run(struct backend *b, struct arena *arena, const struct claim *claim,
                const struct render_job *job, struct rendering *out, struct error *err)
{
	const struct render_wish wish = {
		.who = claim->who, .kind = job->kind, .only_asked = job->wrong != NULL,
		.cancel_fd = claim->watch.cancel_fd,
	};
	struct work w = { .x = { .b = b, .arena = arena } };

	*out = (struct rendering){ .spool = SPOOL_INIT(b->config->run_dir) };
	id_short(out->result.id);
	if (!renderslot_take(b, &wish, &w.slot, err))
		return false;
	if (job->wrong != NULL)
		return fail(err, ERR_INVALID, "%s", job->wrong);
	b->render_pool_is_short = b->config->render_pool_size > 0;
	if (b->render_pool_is_short)
		metrics_pool_claim(b->metrics, METRIC_RENDER_POOL_CLAIMS, w.slot.container[0] != '\0');
	prepare(&w, claim, job, out);

	struct error cause = { 0 };
	bool ended = find_and_run(&w, &cause);

	if (!ended)
		*err = cause;
	if (!ended && deadline_passed(w.deadline))
		err->kind = ERR_TIMEOUT;   /* whatever it was that took so long */
	collector_finish(&w.in);
	collector_end(&w.in);
	renderslot_give_back(b, &w.slot, w.never_made);
	return ended;
}

void render_finish(struct rendering *r)
{
	result_finish(&r->result);
	spool_finish(&r->spool);
}
