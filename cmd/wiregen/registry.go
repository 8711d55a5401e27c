package main

import "github.com/clawdbot/gateway/transport/wire"

// method ties a method to its types. Params nil means that any params are taken; strict means that they
// are checked.
type method struct {
	name    string
	strict  bool
	params  any
	result  any
	summary string
}

// event ties an event to its payload. Droppable: a slow client may miss it.
type event struct {
	name      string
	droppable string
	payload   any
	summary   string
}

func methods() []method {
	none := wire.NoParams{}
	const strict, loose = true, false
	return []method{
		{"connect", strict, wire.ConnectParams{}, wire.HelloOK{}, "Opens the connection; must be the first request, and only the first. Not listed in `features.methods`."},
		{"health", loose, nil, wire.HealthSummary{}, "The last health snapshot when it is younger than 60 s (a refresh starts behind it), else a new one."},
		{"providers.status", strict, wire.ProvidersStatusParams{}, wire.ProvidersStatusResult{}, "State of every platform; `probe` asks the platforms themselves."},
		{"status", loose, nil, wire.StatusSummary{}, "A summary for people."},
		{"config.get", strict, none, wire.ConfigSnapshot{}, "The config file as text, parsed, and with defaults; secrets redacted."},
		{"config.set", strict, wire.ConfigSetParams{}, wire.ConfigSetResult{}, "Validates and writes the config file. With `baseHash`, an addition, only while the file is the one of which `config.get` had that `hash`."},
		{"config.schema", strict, none, wire.ConfigSchemaResult{}, "JSON Schema of the config and hints for a form."},
		{"wizard.start", strict, wire.WizardStartParams{}, wire.WizardResult{}, "Begins a setup dialogue; answers with its first step."},
		{"wizard.next", strict, wire.WizardNextParams{}, wire.WizardResult{}, "Answers the pending step; without an answer, the same step again."},
		{"wizard.cancel", strict, wire.WizardCancelParams{}, wire.WizardStatusResult{}, "Ends a dialogue."},
		{"wizard.status", strict, wire.WizardStatusParams{}, wire.WizardStatusResult{}, "How a dialogue stands; one that has ended is forgotten by this call."},
		{"talk.mode", strict, wire.TalkModeParams{}, wire.TalkMode{}, "Broadcasts that talk mode goes on or off."},
		{"models.list", strict, none, wire.ModelsListResult{}, "The models that can be chosen."},
		{"skills.status", strict, none, wire.SkillsStatusResult{}, "The skills and what they lack."},
		{"skills.install", strict, wire.SkillsInstallParams{}, wire.SkillsInstallResult{}, "Runs an installer. A failure has a payload and an error."},
		{"skills.update", strict, wire.SkillsUpdateParams{}, wire.SkillsUpdateResult{}, "Changes the config of one skill."},
		{"voicewake.get", loose, nil, wire.Voicewake{}, "The wake words."},
		{"voicewake.set", loose, wire.VoicewakeSetParams{}, wire.Voicewake{}, "Stores the wake words and tells every client and node."},
		{"sessions.list", strict, wire.SessionsListParams{}, wire.SessionsListResult{}, "Sessions, newest first."},
		{"sessions.patch", strict, wire.SessionsPatchParams{}, wire.SessionsPatchResult{}, "Changes settings of a session; `null` deletes one."},
		{"sessions.reset", strict, wire.SessionsResetParams{}, wire.SessionsResetResult{}, "Starts a session afresh, settings kept."},
		{"sessions.delete", strict, wire.SessionsDeleteParams{}, wire.SessionsDeleteResult{}, "Deletes a session; its transcript is archived."},
		{"sessions.compact", strict, wire.SessionsCompactParams{}, wire.SessionsCompactResult{}, "Keeps the last lines of a transcript and archives the rest."},
		{"last-heartbeat", loose, nil, orNull{wire.HeartbeatEvent{}}, "The last heartbeat event, or `null`."},
		{"set-heartbeats", loose, wire.SetHeartbeatsParams{}, wire.SetHeartbeatsResult{}, "Switches heartbeat runs on or off until the gateway stops."},
		{"wake", strict, wire.WakeParams{}, wire.OKResult{}, "Puts a system event before the main session, and wakes it with mode `now`."},
		{"node.pair.request", strict, wire.NodePairRequestParams{}, wire.NodePairRequestResult{}, "Asks for a pairing on behalf of a node."},
		{"node.pair.list", strict, none, wire.NodePairListResult{}, "Nodes that wait and nodes that are paired."},
		{"node.pair.approve", strict, wire.NodePairApproveParams{}, wire.NodePairApproveResult{}, "Lets a node in; the result has its token."},
		{"node.pair.reject", strict, wire.NodePairRejectParams{}, wire.NodePairRejectResult{}, "Turns a node away."},
		{"node.pair.verify", strict, wire.NodePairVerifyParams{}, wire.NodePairVerifyResult{}, "Checks a node's token."},
		{"node.rename", strict, wire.NodeRenameParams{}, wire.NodeRenameResult{}, "Names a paired node."},
		{"node.list", strict, none, wire.NodeListResult{}, "Nodes, connected ones first."},
		{"node.describe", strict, wire.NodeDescribeParams{}, wire.NodeDescribeResult{}, "One node."},
		{"node.invoke", strict, wire.NodeInvokeParams{}, wire.NodeInvokeResult{}, "Runs a command on a node and waits for its answer, 15 s by default. With `mailboxMs` a command for a paired node that is not connected waits for it that long; the call is refused at once, with `details.reason` `node_asleep`."},
		{"cron.list", strict, wire.CronListParams{}, wire.CronListResult{}, "Jobs by next run."},
		{"cron.status", strict, none, wire.CronStatusResult{}, "State of the scheduler."},
		{"cron.add", strict, wire.CronAddParams{}, wire.CronJob{}, "Makes a job."},
		{"cron.update", strict, wire.CronUpdateParams{}, wire.CronJob{}, "Changes a job."},
		{"cron.remove", strict, wire.CronRemoveParams{}, wire.CronRemoveResult{}, "Deletes a job."},
		{"cron.run", strict, wire.CronRunParams{}, wire.CronRunResult{}, "Runs a job now; answers when it has run."},
		{"cron.runs", strict, wire.CronRunsParams{}, wire.CronRunsResult{}, "The log of a job, oldest first."},
		{"system-presence", loose, nil, []wire.PresenceEntry{}, "The presence list, newest first."},
		{"system-event", loose, wire.SystemEventParams{}, wire.OKResult{}, "Puts a line before the main session and updates presence. A wrong-typed optional field counts as absent."},
		{"send", strict, wire.SendParams{}, wire.SendResult{}, "Sends one message."},
		{"agent", strict, wire.AgentParams{}, wire.RunResult{}, "Runs the agent. Two responses with one id: `accepted` at once, then `ok` or `error`."},
		{"agent.wait", strict, wire.AgentWaitParams{}, wire.RunResult{}, "Waits for the end of a run, 30 s by default."},
		{"web.login.start", strict, wire.WebLoginStartParams{}, wire.WebLoginStartResult{}, "Begins to link WhatsApp; the result has a QR code."},
		{"web.login.wait", strict, wire.WebLoginWaitParams{}, wire.WebLoginWaitResult{}, "Waits for the QR code to be scanned."},
		{"web.logout", loose, nil, wire.WebLogoutResult{}, "Unlinks WhatsApp."},
		{"telegram.logout", loose, nil, wire.TelegramLogoutResult{}, "Removes the bot token from the config."},
		{"chat.history", strict, wire.ChatHistoryParams{}, wire.ChatHistoryResult{}, "The last messages of a session, 200 by default."},
		{"chat.abort", strict, wire.ChatAbortParams{}, wire.ChatAbortResult{}, "Stops a running `chat.send`."},
		{"chat.send", strict, wire.ChatSendParams{}, wire.RunResult{}, "Runs the agent on a message; answers when the run has ended."},
		{"outbox.list", strict, wire.OutboxListParams{}, wire.OutboxListResult{}, "Outbound messages and how they stand."},
		{"pairing.list", strict, none, wire.PairingListResult{}, "Senders of direct messages who wait, and those who are let in."},
		{"pairing.approve", strict, wire.PairingApproveParams{}, wire.PairingApproveResult{}, "Lets in the sender who was given a code."},
		{"actors.list", strict, none, wire.ActorsListResult{}, "The supervision tree: state, mailbox and restarts of every actor."},
		{"config.history", strict, none, wire.ConfigHistoryResult{}, "The configurations that were good, at most ten."},
		{"config.rollback", strict, wire.ConfigRollbackParams{}, wire.ConfigSetResult{}, "Puts a configuration of the history back into the file."},
		{"import.status", strict, none, wire.ImportStatusResult{}, "What came over from the gateway that used this state directory before, and how far an import is."},
		{"sessions.export", strict, wire.SessionsExportParams{}, wire.SessionsExportResult{}, "A part of a transcript, as the lines of a transcript file."},
		{"logs.tail", strict, wire.LogsTailParams{}, wire.LogsTailResult{}, "Lines of the gateway's log file, the last or those behind a cursor; only the program has it, not an embedder."},
		{"providers.start", strict, wire.ProviderParams{}, wire.ProviderAccount{}, "Start an account that was stopped by hand."},
		{"providers.stop", strict, wire.ProviderParams{}, wire.ProviderAccount{}, "Close an account's connection. It stays closed over a reload of the configuration, not over a restart of the gateway."},
		{"providers.restart", strict, wire.ProviderParams{}, wire.ProviderAccount{}, "Close an account's connection and open it again, also one that was given up."},
		{"outbox.retry", strict, wire.OutboxItemParams{}, wire.OutboxItemResult{}, "Sends a message again that failed or may not have arrived."},
		{"outbox.drop", strict, wire.OutboxItemParams{}, wire.OutboxItemResult{}, "Gives up a message that has not been sent; one that has failed counts no longer among those that did not arrive."},
		{"outbox.show", strict, wire.OutboxItemParams{}, wire.OutboxItemResult{}, "How one outgoing message stands, also one that outbox.list is too short for; with its key, its text and what the platform said."},
		{"why", strict, wire.WhyParams{}, wire.WhyResult{}, "What became of a message: inbound, admitted or refused, session, run, outbox, receipts. When the id names several, the candidates."},
		{"node.pair.revoke", strict, wire.NodePairRevokeParams{}, wire.NodePairRevokeResult{}, "Takes a node's token away. A connection that was opened with it is closed."},
		{"canvas.invoke", strict, wire.CanvasInvokeParams{}, wire.CanvasInvokeResult{}, "A command for the canvas of the web page: `canvas.present`, `.navigate`, `.hide`, `.a2ui.push`, `.a2ui.pushJSONL`, `.a2ui.reset`, with the params that a device takes."},
		{"canvas.state", strict, wire.CanvasStateParams{}, wire.CanvasState{}, "What the canvas of the web page shows, and the A2UI messages behind a number."},
		{"canvas.url", strict, wire.CanvasURLParams{}, wire.CanvasURLResult{}, "An address of the canvas for somebody on another machine, which ends by itself."},
		{"mcp.status", strict, none, wire.MCPStatusResult{}, "The servers of tools that the configuration names, how each is, and which tools it has."},
		{"mcp.restart", strict, wire.MCPRestartParams{}, wire.OKResult{}, "Closes a server's connection and its process, and begins anew at once."},
		{"exec.approvals.list", strict, none, wire.ExecApprovalsListResult{}, "The commands that wait for somebody to allow them, and those that are allowed for good."},
		{"exec.approval.resolve", strict, wire.ExecApprovalResolveParams{}, wire.ExecApprovalResolved{}, "Allows a command that waits, once or for good, or denies it."},
		{"exec.approvals.forget", strict, wire.ExecApprovalsForgetParams{}, wire.ExecAllowed{}, "Takes a command off the list of those that are allowed for good."},
		{"agent.prompt", strict, wire.AgentPromptParams{}, wire.AgentPromptResult{}, "What a model would be told before the next message of a session that an operator writes: the system prompt, and what it is made of."},
		{"models.status", strict, none, wire.ModelsStatusResult{}, "How the providers of models can be reached, where their keys come from, and which models are to answer."},
		{"models.scan", strict, wire.ModelsScanParams{}, wire.ModelsScanResult{}, "Asks the providers of models what they offer, now."},
		{"models.probe", strict, wire.ModelsProbeParams{}, wire.ModelsProbeResult{}, "Has a model answer a few words, and shows what it can do."},
		{"browser.request", strict, wire.BrowserRequestParams{}, wire.BrowserRequestResult{}, "Uses the agent's browser, as its tool does."},
		{"usage.status", strict, wire.UsageStatusParams{}, wire.UsageStatusResult{}, "What models have taken today and before, by trigger and by model, and the limits."},
		{"config.check", strict, wire.ConfigCheckParams{}, wire.ConfigCheckResult{}, "What a text of the config file would do: what is wrong with it, what it changes, what starts anew. Nothing is written."},
		{"cron.preview", strict, wire.CronPreviewParams{}, wire.CronPreviewResult{}, "The next times of a schedule, or of all jobs."},
	}
}

func events() []event {
	return []event{
		{"agent", "no", wire.AgentEvent{}, "One step of a run. Streams: `job`, `assistant`, `tool`, `error`, and `steer`, an addition."},
		{"chat", "`delta` only", wire.ChatEvent{}, "The chat view of a run. Texts are cumulative: each replaces the one before."},
		{"presence", "yes", wire.PresenceEvent{}, "The whole presence list. Has `stateVersion`."},
		{"tick", "yes", wire.TickEvent{}, "Every 30 s. A client that sees none for 60 s closes with 4000."},
		{"talk.mode", "yes", wire.TalkMode{}, "Talk mode was switched."},
		{"shutdown", "no", wire.ShutdownEvent{}, "The last event before the sockets close."},
		{"health", "no", wire.HealthSummary{}, "A new health snapshot. Has `stateVersion`."},
		{"heartbeat", "yes", wire.HeartbeatEvent{}, "A heartbeat run ended."},
		{"cron", "yes", wire.CronEvent{}, "A job changed, started or finished."},
		{"node.pair.requested", "yes", wire.NodePending{}, "A node asks to be paired."},
		{"node.pair.resolved", "yes", wire.NodePairResolvedEvent{}, "A pairing was decided."},
		{"voicewake.changed", "yes", wire.Voicewake{}, "The wake words changed."},
		{"canvas", "yes", wire.CanvasEvent{}, "An addition: the canvas of the web page changed; `canvas.state` has what was pushed."},
		{"exec.approval.requested", "no", wire.ExecApproval{}, "An addition: a command waits for `exec.approval.resolve`."},
		{"exec.approval.resolved", "no", wire.ExecApprovalResolved{}, "An addition: a command was allowed or denied, by somebody, or because nobody answered or its run has ended."},
	}
}

// extraTypes are types of the wire that no method names: frames, alternatives of a union, the data of
// events and the details of errors.
func extraTypes() []any {
	return []any{
		wire.RequestFrame{}, wire.ResponseFrame{}, wire.EventFrame{},
		wire.CronAt{}, wire.CronEvery{}, wire.CronExpr{}, wire.CronSystemEvent{}, wire.CronAgentTurn{},
		wire.Attachment{}, wire.JobStarted{}, wire.JobDone{}, wire.JobError{}, wire.AssistantData{},
		wire.ToolData{}, wire.SteerData{}, wire.StreamErrorData{}, wire.MismatchDetails{}, wire.ConfigIssues{},
		wire.NodeErrorDetails{}, wire.LimitDetails{}, wire.ModelsDownDetails{},
	}
}

// unions are the types whose value is one of several object types, and the frame itself, which has no Go type.
func unions() []named {
	return []named{
		{"CronSchedule", []string{"CronAt", "CronEvery", "CronExpr"}},
		{"CronPayload", []string{"CronSystemEvent", "CronAgentTurn"}},
		{"GatewayFrame", []string{"RequestFrame", "ResponseFrame", "EventFrame"}},
	}
}
