package store

// Message is everything the writer accepts. Only this package sends: others use Commit, Do and View.
type Message interface{ storeMessage() }

// wake says that operations are queued.
type wake struct{}

// sweep deletes what is kept no longer.
type sweep struct{}

// swept is the end of a sweep.
type swept struct {
	rows int
	err  error
}

func (wake) storeMessage()  {}
func (sweep) storeMessage() {}
func (swept) storeMessage() {}

// CoalesceKey makes many wake-ups one.
func (wake) CoalesceKey() string { return "wake" }

// CoalesceKey makes many calls for a sweep one.
func (sweep) CoalesceKey() string { return "sweep" }
