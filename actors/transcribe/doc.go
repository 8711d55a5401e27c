// Package transcribe has speech written down before an agent's turn: by the program of routing.transcribeAudio, which
// gets the file's path and prints the text (providers b.9), or by a service where there is no program.
//
// It owns that one child process, its time and its output. When it runs is the agent's: a Runner around another one, on
// the run's own goroutine, so that a slow program keeps nobody else waiting and a run that is done again after a crash
// has its speech written down again. What fails costs a warning: the agent gets the message as it came.
package transcribe
