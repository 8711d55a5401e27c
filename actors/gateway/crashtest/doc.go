// Package crashtest kills a running gateway, again and again, and then counts.
//
// Its one test runs the daemon as a process of its own beside a Bot API server in the test's process, which survives
// the kills. A driver makes agent and chat.send calls and lets people write to the bot, while the process is killed
// (SIGKILL) at seeded moments: while answers are streamed, right after an acknowledgement, and at any time of its life.
// After each kill a copy of the database says what was going on. At the end everything that was acknowledged must be
// there once, ended once, and answered once.
//
// CLAWDBOT_CRASH_SEED repeats a schedule, CLAWDBOT_CRASH_FULL=1 runs the long form, CLAWDBOT_PROGRAM names a program to kill in place of one that
// is built for it. The package holds no code but tests.
package crashtest
