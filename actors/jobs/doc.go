// Package jobs owns the commands that the agent has run: which there are, whose they are, what they have written, and when
// they end.
//
// A job belongs to the run that started it and ends with it. One that is put in the background on purpose (Job.Keep) belongs
// to the session from then on, and ends when its time is up, when it is told to, or with the gateway. What a job writes is
// read as fast as it comes, and the last part of it is kept, so that a job costs the same memory however much it says. An
// ended job is kept for a while, for those who ask what became of it.
//
// The actor "jobs" starts jobs, forgets old ones and ends all of them for a stop; asking after one and ending it needs no
// message. The table of jobs (State) outlives the actor: after a crash the jobs go on, and those that nobody was told of
// are ended. After a crash of the whole process nothing of them is left: actors/process sees to that, and the actor has it
// reap at its first start.
package jobs
