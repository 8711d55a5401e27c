package actors

// Closed tells whether a channel that is only ever closed, such as Ref.Done, has been.
func Closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
