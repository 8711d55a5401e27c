package faulttest

// closes says whose sockets a fault may close, always with 1011.
type closes int

const (
	nobody closes = iota
	involved
	everybody
)

// expect is what a cell may do to those who talk to the gateway. Anything beyond it fails the test.
type expect struct {
	says    string // what happens inside
	closes  closes
	refused bool // calls that need the actor may be refused as retryable
	died    bool // a run may end with an error of the gateway
	lost    bool // events may be lost: a notice follows, and numbers have no gap
	twice   bool // an event may come twice, with two numbers
	unsure  bool // a message to a platform may be ambiguous: listed as such, not sent again
	unknown bool // the node's socket may be closed; whether it has done what it was told is then unknown
	calm    bool // also a client that has nothing to do with it may have to repeat its health call
}

func expected(kind, fault string) expect {
	if kind == bridge {
		return bridged(fault)
	}
	switch fault {
	case "crash", "crash after":
		return crashes[kind]
	case "failed commit":
		return expect{says: "the batch is rolled back as a whole, the database opened anew; its callers are told to try again", refused: true}
	case "delay":
		return expect{says: "answers and events come later", calm: kind == "health", refused: kind == "store"}
	case "drop":
		return drops(kind)
	case "duplicate":
		return expect{says: duplicates(kind), twice: kind == "eventstream", refused: kind == "store"}
	default:
		return expect{says: reorders(kind), refused: kind == "store"}
	}
}

var crashes = map[string]expect{
	"conn":        {says: "not restarted; its socket is closed with 1011, the client comes back", closes: involved, refused: true},
	"conns":       {says: "restarted; the connections hang under it and are closed with 1011, the clients come back", closes: everybody, refused: true, calm: true},
	"run":         {says: "the run ends: error event and final answer; the next one of its session starts", died: true},
	"session":     {says: "restarted; reloads its queue from the store; its run goes on"},
	"sessions":    {says: "restarted; runs in progress hang under it and end with an error, once; accepted ones start", died: true, refused: true},
	"account":     {says: "its connection is closed, then it is restarted with backoff; a send in flight is ambiguous", unsure: true, refused: true},
	"accounts":    {says: "restarted, and the accounts with it; a send in flight is ambiguous", unsure: true, refused: true},
	"lane":        {says: "restarted; takes over the attempt in flight and pulls its rows again"},
	"outbox":      {says: "restarted; rows are pulled again; who waits for a send is told to repeat", refused: true},
	"router":      {says: "restarted; the inbox is pulled again"},
	"eventstream": {says: "restarted; numbers go on where they were; the event in hand is lost before it has a number, and a notice says so", lost: true},
	"presence":    {says: "restarted; the list is kept by its supervisor", refused: true},
	"health":      {says: "restarted; makes a new snapshot", refused: true, calm: true},
	"config":      {says: "restarted with the document it had", refused: true},
	"wizard":      {says: "restarted; the dialogue in hand is forgotten, nothing of it was written", refused: true},
	"cron":        {says: "restarted; jobs are in the store, and a due one runs once", refused: true},
	"heartbeat":   {says: "restarted; what was to be said waits in the store for the next beat"},
	"pairing":     {says: "restarted; codes are in the store", refused: true},
	"models":      {says: "restarted; looks at the file once more", refused: true},
	"nodes":       {says: "restarted; the nodes hang under it and come back; a command in flight has an unknown outcome and is not sent again", refused: true, unknown: true},
	"node":        {says: "not restarted; its socket is closed, the node comes back; a command in flight has an unknown outcome and is not sent again", refused: true, unknown: true},
	"skills":      {says: "restarted; an installation in hand is ended", refused: true},
	"jobs":        {says: "restarted; commands go on, one that nobody was told of is ended; a call of bash in hand is an error that the model is told", refused: true},
	"approvals":   {says: "restarted; questions and answers are kept by its supervisor, and who waits asks again after 5 s", refused: true},
	"mcp":         {says: "restarted, and the servers with it; a call of a tool in hand is an error that the model is told", refused: true},
	"mcpserver":   {says: "its connection is closed, then made anew, never two at a time; a call of a tool in hand is an error that the model is told"},
	"store":       {says: "restarted; what was queued is committed by the successor", refused: true},
}

func drops(kind string) expect {
	x := expect{says: "a call whose message is lost is refused as retryable", refused: true, calm: kind == "health"}
	switch kind {
	case "store":
		x.says = "found by the next look at the queue: later, not lost; a send that takes too long by that is refused as retryable"
	case "run", "session", "lane", "router":
		x = expect{says: "found by the next look at the store: later, not lost"}
	case "sessions", "outbox":
		x.says = "a call whose message is lost is refused as retryable; work that was accepted is found by the next sweep"
	case "account", "accounts":
		x.says = "a send that did not begin is tried again"
	case "heartbeat":
		x = expect{says: "the beat comes with the next wake-up or interval"}
	case "jobs":
		x.says = "a call of bash whose message is lost is an error that the model is told"
	case "approvals":
		x.says = "a question whose message is lost is asked again after 5 s; a client's call is refused as retryable"
	case "mcpserver":
		x = expect{says: "found by the next look at what is wanted, within 30 s"}
	case "cron":
		x.says = "a call whose message is lost is refused as retryable; a due job is found by the next look at the store"
	case "node":
		x.says = "a call of the node whose message is lost is refused as retryable; a command whose answer is lost has an unknown outcome"
		x.unknown = true
	case "conns":
		x = expect{says: "the connection is refused with 1011, the client comes back"}
	case "eventstream":
		x = expect{says: "the event is lost before it has a number, and a notice says so", lost: true}
	}
	return x
}

func reorders(kind string) string {
	switch kind {
	case "eventstream":
		return "an event may change places with the next one, before either has a number"
	}
	return "the order of what is accepted is the store's, not that of the messages"
}

func duplicates(kind string) string {
	switch kind {
	case "eventstream":
		return "the event goes out twice, with two numbers"
	}
	return "the second one changes nothing"
}
