/* SPDX-License-Identifier: Apache-2.0 */
/* Ways a PID 1 may behave in the conversation of an execution: polite, slow, torn, hostile, dead. */
#ifndef TESTS_UNIT_ACTS_H
#define TESTS_UNIT_ACTS_H

#include "tests/unit/engine.h"

peer_talk act_hello;
peer_talk act_stale;
peer_talk act_in_single_bytes;
peer_talk act_another_protocol;
peer_talk act_echo;
peer_talk act_with_files;
peer_talk act_flood;
peer_talk act_renewed;
peer_talk act_waits_for_cancel;
peer_talk act_times_out;
peer_talk act_ends;
peer_talk act_breaks_off;
peer_talk act_says_bye;
peer_talk act_turns_away;
peer_talk act_writes_no_frame;
peer_talk act_sends_too_long_a_frame;
peer_talk act_sends_data_of_no_file;
peer_talk act_sends_more_than_it_said;
peer_talk act_sends_a_huge_file;
peer_talk act_sends_many_files;
peer_talk act_sends_an_input;
peer_talk act_sends_a_broken_exit;
peer_talk act_sends_a_run;
peer_talk act_installs;

#endif
