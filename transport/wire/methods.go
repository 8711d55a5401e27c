package wire

// MethodConnect opens every connection and is not listed in hello-ok.
const MethodConnect = "connect"

// Methods lists the 53 methods of protocol 2 in the order of hello-ok. The additions of this gateway
// follow them on the wire (see Additions).
func Methods() []string {
	return []string{
		"health", "providers.status", "status",
		"config.get", "config.set", "config.schema",
		"wizard.start", "wizard.next", "wizard.cancel", "wizard.status",
		"talk.mode", "models.list",
		"skills.status", "skills.install", "skills.update",
		"voicewake.get", "voicewake.set",
		"sessions.list", "sessions.patch", "sessions.reset", "sessions.delete", "sessions.compact",
		"last-heartbeat", "set-heartbeats", "wake",
		"node.pair.request", "node.pair.list", "node.pair.approve", "node.pair.reject", "node.pair.verify",
		"node.rename", "node.list", "node.describe", "node.invoke",
		"cron.list", "cron.status", "cron.add", "cron.update", "cron.remove", "cron.run", "cron.runs",
		"system-presence", "system-event",
		"send", "agent", "agent.wait",
		"web.login.start", "web.login.wait", "web.logout", "telegram.logout",
		"chat.history", "chat.abort", "chat.send",
	}
}

// Additions lists the methods that protocol 2 does not have. They stand at the end of features.methods.
func Additions() []string {
	return []string{
		"outbox.list", "pairing.list", "pairing.approve", "actors.list", "config.history", "config.rollback", "import.status",
		"sessions.export", "logs.tail",
		"providers.start", "providers.stop", "providers.restart",
		"outbox.retry", "outbox.drop", "outbox.show", "why",
		"node.pair.revoke",
		"canvas.invoke", "canvas.state", "canvas.url",
		"mcp.status", "mcp.restart",
		"exec.approvals.list", "exec.approval.resolve", "exec.approvals.forget",
		"agent.prompt",
		"models.status", "models.scan", "models.probe",
		"browser.request",
		"usage.status",
		"config.check", "cron.preview",
	}
}

// Event names of protocol 2.
const (
	EventAgent             = "agent"
	EventChat              = "chat"
	EventPresence          = "presence"
	EventTick              = "tick"
	EventTalkMode          = "talk.mode"
	EventShutdown          = "shutdown"
	EventHealth            = "health"
	EventHeartbeat         = "heartbeat"
	EventCron              = "cron"
	EventNodePairRequested = "node.pair.requested"
	EventNodePairResolved  = "node.pair.resolved"
	EventVoicewakeChanged  = "voicewake.changed"

	EventCanvas                = "canvas" // an addition, like those below
	EventExecApprovalRequested = "exec.approval.requested"
	EventExecApprovalResolved  = "exec.approval.resolved"
)

// Events lists the 12 events of protocol 2 in the order of hello-ok.
func Events() []string {
	return []string{
		EventAgent, EventChat, EventPresence, EventTick, EventTalkMode, EventShutdown,
		EventHealth, EventHeartbeat, EventCron,
		EventNodePairRequested, EventNodePairResolved, EventVoicewakeChanged,
	}
}

// EventAdditions lists the events that protocol 2 does not have. They stand at the end of features.events.
func EventAdditions() []string {
	return []string{EventCanvas, EventExecApprovalRequested, EventExecApprovalResolved}
}
