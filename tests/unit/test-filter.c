/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/filter.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

enum { INTERPRETER = 77 };

/* The few instructions a filter may consist of, as the kernel would execute them. */
static uint32_t run_filter(const struct filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof a);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			CU_FAIL("unknown instruction");
			return 0;
		}
	}
	CU_FAIL("ran off the end");
	return 0;
}

static const struct filter *built(void)
{
	static struct filter f;

	filter_build(&f, INTERPRETER);
	return &f;
}

static uint32_t call(uint32_t nr, unsigned arg, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = ARCH };

	data.args[arg] = value;
	return run_filter(built(), &data);
}

static uint32_t refusal(const struct filter_rule *r)
{
	return SECCOMP_RET_ERRNO | (r->error ? r->error : EPERM);
}

static bool is_listed(const struct filter_rule *r, uint32_t value)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->list[i] == value)
			return true;
	return false;
}

/* Does any line refuse the call when this argument has this value and all others are 0? */
static bool should_refuse(uint32_t nr, unsigned arg, uint32_t value)
{
	for (size_t i = 0; i < filter_rule_count; i++) {
		const struct filter_rule *r = &filter_rules[i];
		uint32_t v = r->arg == arg ? value : 0;
		bool is_ours = v == 1 || v == UINT32_MAX || v == INTERPRETER || v == -(uint32_t)INTERPRETER;

		if (r->nr == nr &&
		    (r->when == FILTER_ALWAYS || (r->when == FILTER_ONE_OF && is_listed(r, v)) ||
		     (r->when == FILTER_NONE_OF && !is_listed(r, v)) ||
		     (r->when == FILTER_BITS && (r->list[0] & v)) ||
		     (r->when == FILTER_PROTECTED && is_ours)))
			return true;
	}
	return false;
}

static void every_line_holds_for_every_value(void)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 5, 8, 10, 15, 16, 17, 18, 58, 76, 77, 78, 255, 0x5412, 0x541c, 0x8000,
		0x8901, 0x8902, 0x20000, 0x2000000, 0x10000000, 0x40000000, 0x7fffffff, 0x80000000,
		-(uint32_t)INTERPRETER, UINT32_MAX - 1, UINT32_MAX,
	};

	for (uint32_t nr = 0; nr < 470; nr++)
		for (unsigned arg = 0; arg < 6; arg++)
			for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
				bool refused = call(nr, arg, values[i]) != SECCOMP_RET_ALLOW;

				if (refused != should_refuse(nr, arg, values[i])) {
					printf("# call %u, argument %u = %#x\n", nr, arg, values[i]);
					CU_FAIL("wrong answer");
				}
			}
}

static void answers_with_the_errno_of_the_line(void)
{
	for (size_t i = 0; i < filter_rule_count; i++)
		if (filter_rules[i].when == FILTER_ALWAYS)
			CU_ASSERT_EQUAL(call(filter_rules[i].nr, 0, 0), refusal(&filter_rules[i]));
	CU_ASSERT_EQUAL(call(SYS_clone3, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	CU_ASSERT_EQUAL(call(SYS_socket, 0, AF_NETLINK), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void high_bits_of_a_pid_do_not_matter(void)
{
	CU_ASSERT_EQUAL(call(SYS_kill, 0, 5), SECCOMP_RET_ALLOW);
	CU_ASSERT_NOT_EQUAL(call(SYS_kill, 0, 1), SECCOMP_RET_ALLOW);
	CU_ASSERT_NOT_EQUAL(call(SYS_kill, 0, UINT64_C(0xdead00000001)), SECCOMP_RET_ALLOW);
	CU_ASSERT_NOT_EQUAL(call(SYS_kill, 0, UINT64_C(0xffffffff)), SECCOMP_RET_ALLOW);
	CU_ASSERT_NOT_EQUAL(call(SYS_kill, 0, (uint64_t)-INTERPRETER), SECCOMP_RET_ALLOW);
}

static void without_interpreter_group_0_is_ones_own(void)
{
	struct seccomp_data data = { .nr = SYS_kill, .arch = ARCH };
	struct filter f;

	filter_build(&f, 0);
	CU_ASSERT_EQUAL(run_filter(&f, &data), SECCOMP_RET_ALLOW);
	data.args[0] = INTERPRETER;
	CU_ASSERT_EQUAL(run_filter(&f, &data), SECCOMP_RET_ALLOW);
	data.args[0] = (uint64_t)-1;
	CU_ASSERT_NOT_EQUAL(run_filter(&f, &data), SECCOMP_RET_ALLOW);
}

static void another_architecture_kills(void)
{
	struct seccomp_data data = { .nr = 20, .arch = AUDIT_ARCH_I386 };

	CU_ASSERT_EQUAL(run_filter(built(), &data), SECCOMP_RET_KILL_PROCESS);
}

static void another_abi_is_unknown(void)
{
#ifdef __x86_64__
	CU_ASSERT_EQUAL(call(SYS_getpid | 0x40000000u, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
#endif
	CU_ASSERT_EQUAL(call(SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
}

/* Only harmless probes: an error here must not reach the machine. */
static int probe_in_child(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !filter_install(built()))
		return 1;
	if (kill(INTERPRETER, 0) == 0 || errno != EPERM)
		return 2;
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT)
		return 3;
	if (syscall(SYS_unshare, 0) == 0 || errno != EPERM)
		return 4;
	if (kill(getpid(), 0) != 0 || socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 5;
	return 0;
}

static void the_kernel_takes_it(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(probe_in_child());
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every line holds for every value of every argument", every_line_holds_for_every_value },
		{ "answers with the errno of the line", answers_with_the_errno_of_the_line },
		{ "high bits of a pid do not matter", high_bits_of_a_pid_do_not_matter },
		{ "without an interpreter, group 0 is one's own", without_interpreter_group_0_is_ones_own },
		{ "another architecture kills", another_architecture_kills },
		{ "another ABI is unknown", another_abi_is_unknown },
		{ "the kernel takes it", the_kernel_takes_it },
		{ NULL, NULL },
	};

	return tap_run("filter", tests);
}
