// Package shell has the tools of the agent that run commands: bash and process.
//
// bash runs a line of the shell, or a program with its arguments, as a job (actors/jobs) of the run that calls it, and waits
// for it; after a while, or when it is asked to, it leaves the job running and says so. process asks after such jobs, writes
// to them and ends them. Each session sees its own. A command gets none of the gateway's environment but what is listed
// (Environ), and runs in a sandbox where the configuration wants one.
//
// It is no actor; the jobs are all that is kept.
package shell
