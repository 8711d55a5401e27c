// Package cron starts work at its time: scheduled jobs, wake-ups and the agent's heartbeat.
//
// The actor "cron" owns the jobs and the log of their runs. It does not own runs of the agent: a due job that needs one
// puts it among the accepted runs, in the same commit that claims the job, and the sessions do it like any other. End is
// their part of the commit that ends such a run. So a job that is due is neither lost nor done twice, whatever dies when.
//
// The actor "heartbeat" gives the agent a turn of its own at an interval, or when something asks for one, and decides
// what of the answer is said, and to whom. The recipient is fixed when the run is accepted.
//
// After a restart both read the store: jobs, open runs, ends that nobody was told of. One-shots whose time passed
// meanwhile run at once; what recurs goes on with its next time.
package cron
