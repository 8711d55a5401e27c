package wire

import "reflect"

// methodTypes maps methods to the Go type of their params or of their result.
func methodTypes(results bool) map[string]reflect.Type {
	table := map[string][2]any{
		"connect": {ConnectParams{}, HelloOK{}}, "health": {nil, HealthSummary{}},
		"providers.status": {ProvidersStatusParams{}, ProvidersStatusResult{}}, "status": {nil, StatusSummary{}},
		"config.get": {NoParams{}, ConfigSnapshot{}}, "config.set": {ConfigSetParams{}, ConfigSetResult{}},
		"config.schema": {NoParams{}, ConfigSchemaResult{}},
		"wizard.start":  {WizardStartParams{}, WizardResult{}}, "wizard.next": {WizardNextParams{}, WizardResult{}},
		"wizard.cancel": {WizardCancelParams{}, WizardStatusResult{}},
		"wizard.status": {WizardStatusParams{}, WizardStatusResult{}},
		"talk.mode":     {TalkModeParams{}, TalkMode{}}, "models.list": {NoParams{}, ModelsListResult{}},
		"skills.status":  {NoParams{}, SkillsStatusResult{}},
		"skills.install": {SkillsInstallParams{}, SkillsInstallResult{}},
		"skills.update":  {SkillsUpdateParams{}, SkillsUpdateResult{}},
		"voicewake.get":  {nil, Voicewake{}}, "voicewake.set": {VoicewakeSetParams{}, Voicewake{}},
		"sessions.list":    {SessionsListParams{}, SessionsListResult{}},
		"sessions.patch":   {SessionsPatchParams{}, SessionsPatchResult{}},
		"sessions.reset":   {SessionsResetParams{}, SessionsResetResult{}},
		"sessions.delete":  {SessionsDeleteParams{}, SessionsDeleteResult{}},
		"sessions.compact": {SessionsCompactParams{}, SessionsCompactResult{}},
		"last-heartbeat":   {nil, HeartbeatEvent{}}, "set-heartbeats": {SetHeartbeatsParams{}, SetHeartbeatsResult{}},
		"wake":              {WakeParams{}, OKResult{}},
		"node.pair.request": {NodePairRequestParams{}, NodePairRequestResult{}},
		"node.pair.list":    {NoParams{}, NodePairListResult{}},
		"node.pair.approve": {NodePairApproveParams{}, NodePairApproveResult{}},
		"node.pair.reject":  {NodePairRejectParams{}, NodePairRejectResult{}},
		"node.pair.verify":  {NodePairVerifyParams{}, NodePairVerifyResult{}},
		"node.rename":       {NodeRenameParams{}, NodeRenameResult{}}, "node.list": {NoParams{}, NodeListResult{}},
		"node.describe": {NodeDescribeParams{}, NodeDescribeResult{}},
		"node.invoke":   {NodeInvokeParams{}, NodeInvokeResult{}}, "cron.list": {CronListParams{}, CronListResult{}},
		"cron.status": {NoParams{}, CronStatusResult{}}, "cron.add": {CronAddParams{}, CronJob{}},
		"cron.update": {CronUpdateParams{}, CronJob{}}, "cron.remove": {CronRemoveParams{}, CronRemoveResult{}},
		"cron.run": {CronRunParams{}, CronRunResult{}}, "cron.runs": {CronRunsParams{}, CronRunsResult{}},
		"system-presence": {nil, []PresenceEntry{}}, "system-event": {SystemEventParams{}, OKResult{}},
		"send": {SendParams{}, SendResult{}}, "agent": {AgentParams{}, RunResult{}},
		"agent.wait":      {AgentWaitParams{}, RunResult{}},
		"web.login.start": {WebLoginStartParams{}, WebLoginStartResult{}},
		"web.login.wait":  {WebLoginWaitParams{}, WebLoginWaitResult{}},
		"web.logout":      {nil, WebLogoutResult{}}, "telegram.logout": {nil, TelegramLogoutResult{}},
		"chat.history": {ChatHistoryParams{}, ChatHistoryResult{}}, "chat.abort": {ChatAbortParams{}, ChatAbortResult{}},
		"chat.send": {ChatSendParams{}, RunResult{}},
	}
	types := map[string]reflect.Type{}
	for name, pair := range table {
		v := pair[0]
		if results {
			v = pair[1]
		}
		if v != nil {
			types[name] = reflect.TypeOf(v)
		}
	}
	return types
}

func eventTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for name, v := range map[string]any{
		EventAgent: AgentEvent{}, EventChat: ChatEvent{}, EventPresence: PresenceEvent{}, EventTick: TickEvent{},
		EventTalkMode: TalkMode{}, EventShutdown: ShutdownEvent{}, EventHealth: HealthSummary{},
		EventHeartbeat: HeartbeatEvent{}, EventCron: CronEvent{}, EventNodePairRequested: NodePending{},
		EventNodePairResolved: NodePairResolvedEvent{}, EventVoicewakeChanged: Voicewake{},
	} {
		types[name] = reflect.TypeOf(v)
	}
	return types
}
