/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#define OTHER_ABI 0x40000000u              /* x32 calls carry this bit in their number */
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no system call numbers for this machine"
#endif

enum { IOPRIO_WHO_USER = 3, PERSONALITY_QUERY = -1 };

#define CLONE_DENIED                                                                            \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |          \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT)

#define NEVER(name) { .nr = __NR_##name, .when = FILTER_ALWAYS },
#define NEVER_BUT(name, e) { .nr = __NR_##name, .when = FILTER_ALWAYS, .error = (e) },
#define LIST(...)                                                                               \
	.n = sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), .list = { __VA_ARGS__ },
#define IF_ONE_OF(name, a, ...)                                                                 \
	{ .nr = __NR_##name, .when = FILTER_ONE_OF, .arg = (a), LIST(__VA_ARGS__) },
#define IF_NONE_OF(name, a, ...)                                                                \
	{ .nr = __NR_##name, .when = FILTER_NONE_OF, .arg = (a), LIST(__VA_ARGS__) },
#define IF_NONE_OF_BUT(name, a, e, ...)                                                         \
	{ .nr = __NR_##name, .when = FILTER_NONE_OF, .arg = (a), .error = (e), LIST(__VA_ARGS__) },
#define IF_BITS(name, a, bits)                                                                  \
	{ .nr = __NR_##name, .when = FILTER_BITS, .arg = (a), LIST(bits) },
#define IF_PROTECTED(name, a) { .nr = __NR_##name, .when = FILTER_PROTECTED, .arg = (a) },

const struct filter_rule filter_rules[] = {
#include "sandbox/init/filter.def"
};

const size_t filter_rule_count = sizeof filter_rules / sizeof filter_rules[0];

static void emit(struct filter *f, struct sock_filter instruction)
{
	assert(f->len < FILTER_MAX);
	f->code[f->len++] = instruction;
}

static void load(struct filter *f, size_t offset)
{
	emit(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void load_argument(struct filter *f, unsigned arg)
{
	size_t low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;

	load(f, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + low);
}

/* Skips yes or no instructions after comparing the accumulator with value. */
static void jump(struct filter *f, uint16_t how, uint32_t value, unsigned yes, unsigned no)
{
	emit(f, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | how | BPF_K), value,
	                                     (uint8_t)yes, (uint8_t)no));
}

static void answer(struct filter *f, uint32_t action)
{
	emit(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Ends in the refusal when the accumulator is one of the values, else skips it; or the reverse. */
static void compare(struct filter *f, const uint32_t *values, unsigned n, bool refuse_equal)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned to_refusal = n - 1 - i;
		bool last = i + 1 == n;

		if (refuse_equal)
			jump(f, BPF_JEQ, values[i], to_refusal, last);
		else
			jump(f, BPF_JEQ, values[i], to_refusal + 1, 0);
	}
}

static void add_condition(struct filter *f, const struct filter_rule *r, pid_t interpreter)
{
	uint32_t who = (uint32_t)interpreter;
	uint32_t protected[] = { 1, (uint32_t)-1, who, -who };

	switch ((enum filter_when)r->when) {
	case FILTER_ALWAYS:
		break;
	case FILTER_ONE_OF:
		compare(f, r->list, r->n, true);
		break;
	case FILTER_NONE_OF:
		compare(f, r->list, r->n, false);
		break;
	case FILTER_BITS:
		jump(f, BPF_JSET, r->list[0], 0, 1);
		break;
	case FILTER_PROTECTED:
		compare(f, protected, interpreter ? 4 : 2, true);
		break;
	}
}

/* One block per rule; the accumulator holds the call's number at its start and at its end. */
static void add_rule(struct filter *f, const struct filter_rule *r, pid_t interpreter)
{
	unsigned short skip = f->len;
	bool conditional = r->when != FILTER_ALWAYS;

	jump(f, BPF_JEQ, r->nr, 0, 0);
	if (conditional) {
		load_argument(f, r->arg);
		add_condition(f, r, interpreter);
	}
	answer(f, SECCOMP_RET_ERRNO | (r->error ? r->error : EPERM));
	if (conditional)
		load(f, offsetof(struct seccomp_data, nr));
	f->code[skip].jf = (uint8_t)(f->len - skip - 1);
}

void filter_build(struct filter *f, pid_t interpreter)
{
	f->len = 0;
	load(f, offsetof(struct seccomp_data, arch));
	jump(f, BPF_JEQ, ARCH, 1, 0);
	answer(f, SECCOMP_RET_KILL_PROCESS);
	load(f, offsetof(struct seccomp_data, nr));
#ifdef OTHER_ABI
	jump(f, BPF_JSET, OTHER_ABI, 0, 1);
	answer(f, SECCOMP_RET_ERRNO | ENOSYS);
#endif
	for (size_t i = 0; i < filter_rule_count; i++)
		add_rule(f, &filter_rules[i], interpreter);
	answer(f, SECCOMP_RET_ALLOW);
}

bool filter_install(const struct filter *f)
{
	struct sock_fprog program = {
		.len = f->len,
		.filter = (struct sock_filter *)(uintptr_t)f->code,
	};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
