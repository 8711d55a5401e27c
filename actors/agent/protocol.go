package agent

// Message is everything a run's actor accepts.
type Message interface{ runMessage() }

// Abort stops the run; it then ends as aborted (ErrAborted, ErrTimeout) or with an error (ErrInterrupted).
type Abort struct{ Reason error }

// Steer offers a message to the runner while it works. It may be offered twice. A runner that has taken it makes the end
// of its turn, if that is a good one, the end of the message's run, too.
type Steer struct {
	Job  Job
	Keep bool // it has a turn of its own all the same
}

type (
	took     struct{} // the runner has taken messages
	progress struct{} // the runner has streamed something
	keep     struct{} // the runner has made lines of the transcript
	flush    struct{} // the pause between two assistant events is over
	tool     struct{ ev toolEvent }
	partial  struct{} // a tool has shown something of its result

	showPartial struct{} // the pause between two such events is over

	finished struct {
		answer Answer
		err    error
	}
	expired   struct{} // the run's time is up
	abandoned struct{} // the runner did not return after its context ended
	committed struct{ err error }
	published struct{} // the events of the end are out
	retry     struct{} // nothing was heard of the final commit, or of its events

	typeAgain struct{} // it is time to show again that an answer is being written
	verbose   struct { // the session wants to see it
		line  string
		first bool // it is the line of a new session, not of a tool
	}
)

func (Abort) runMessage()       {}
func (Steer) runMessage()       {}
func (took) runMessage()        {}
func (progress) runMessage()    {}
func (keep) runMessage()        {}
func (flush) runMessage()       {}
func (tool) runMessage()        {}
func (finished) runMessage()    {}
func (expired) runMessage()     {}
func (abandoned) runMessage()   {}
func (committed) runMessage()   {}
func (published) runMessage()   {}
func (retry) runMessage()       {}
func (typeAgain) runMessage()   {}
func (verbose) runMessage()     {}
func (partial) runMessage()     {}
func (showPartial) runMessage() {}

// CoalesceKey: the text itself is in the run's buffer.
func (progress) CoalesceKey() string { return "progress" }

// CoalesceKey: what was shown is in the run's buffer, too.
func (partial) CoalesceKey() string { return "partial" }

// CoalesceKey: so are the lines.
func (keep) CoalesceKey() string { return "keep" }
