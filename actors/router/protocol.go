package router

// Message is everything the router accepts.
type Message interface{ routerMessage() }

// Wake says that there are new inbound messages.
type Wake struct{}

// pulled is the end of one pass over the inbox.
type pulled struct {
	passed int   // messages dealt with
	err    error // why it ended early
}

type (
	again struct{} // start a pass, after a pause
	sweep struct{} // start one from time to time
)

func (Wake) routerMessage()   {}
func (pulled) routerMessage() {}
func (again) routerMessage()  {}
func (sweep) routerMessage()  {}

// CoalesceKey: one queued Wake is as good as many.
func (Wake) CoalesceKey() string { return "wake" }
