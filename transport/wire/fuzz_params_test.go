package wire

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Each type of params has a target: what a client may send is refused or decoded, and never a panic.

func FuzzParams_ConnectParams(f *testing.F) { fuzzParams[ConnectParams](f, "connect") }
func FuzzParams_ProvidersStatusParams(f *testing.F) {
	fuzzParams[ProvidersStatusParams](f, "providers.status")
}
func FuzzParams_NoParams(f *testing.F)           { fuzzParams[NoParams](f, "config.get") }
func FuzzParams_ConfigSetParams(f *testing.F)    { fuzzParams[ConfigSetParams](f, "config.set") }
func FuzzParams_WizardStartParams(f *testing.F)  { fuzzParams[WizardStartParams](f, "wizard.start") }
func FuzzParams_WizardNextParams(f *testing.F)   { fuzzParams[WizardNextParams](f, "wizard.next") }
func FuzzParams_WizardCancelParams(f *testing.F) { fuzzParams[WizardCancelParams](f, "wizard.cancel") }
func FuzzParams_WizardStatusParams(f *testing.F) { fuzzParams[WizardStatusParams](f, "wizard.status") }
func FuzzParams_TalkModeParams(f *testing.F)     { fuzzParams[TalkModeParams](f, "talk.mode") }
func FuzzParams_SkillsInstallParams(f *testing.F) {
	fuzzParams[SkillsInstallParams](f, "skills.install")
}
func FuzzParams_SkillsUpdateParams(f *testing.F) { fuzzParams[SkillsUpdateParams](f, "skills.update") }
func FuzzParams_VoicewakeSetParams(f *testing.F) { fuzzParams[VoicewakeSetParams](f, "voicewake.set") }
func FuzzParams_SessionsListParams(f *testing.F) { fuzzParams[SessionsListParams](f, "sessions.list") }
func FuzzParams_SessionsPatchParams(f *testing.F) {
	fuzzParams[SessionsPatchParams](f, "sessions.patch")
}
func FuzzParams_SessionsResetParams(f *testing.F) {
	fuzzParams[SessionsResetParams](f, "sessions.reset")
}
func FuzzParams_SessionsDeleteParams(f *testing.F) {
	fuzzParams[SessionsDeleteParams](f, "sessions.delete")
}
func FuzzParams_SessionsCompactParams(f *testing.F) {
	fuzzParams[SessionsCompactParams](f, "sessions.compact")
}
func FuzzParams_SessionsExportParams(f *testing.F) {
	fuzzParams[SessionsExportParams](f, "sessions.export")
}
func FuzzParams_SetHeartbeatsParams(f *testing.F) {
	fuzzParams[SetHeartbeatsParams](f, "set-heartbeats")
}
func FuzzParams_WakeParams(f *testing.F) { fuzzParams[WakeParams](f, "wake") }
func FuzzParams_NodePairRequestParams(f *testing.F) {
	fuzzParams[NodePairRequestParams](f, "node.pair.request")
}
func FuzzParams_NodePairApproveParams(f *testing.F) {
	fuzzParams[NodePairApproveParams](f, "node.pair.approve")
}
func FuzzParams_NodePairRejectParams(f *testing.F) {
	fuzzParams[NodePairRejectParams](f, "node.pair.reject")
}
func FuzzParams_NodePairVerifyParams(f *testing.F) {
	fuzzParams[NodePairVerifyParams](f, "node.pair.verify")
}
func FuzzParams_NodePairRevokeParams(f *testing.F) {
	fuzzParams[NodePairRevokeParams](f, "node.pair.revoke")
}
func FuzzParams_NodeRenameParams(f *testing.F)   { fuzzParams[NodeRenameParams](f, "node.rename") }
func FuzzParams_NodeDescribeParams(f *testing.F) { fuzzParams[NodeDescribeParams](f, "node.describe") }
func FuzzParams_NodeInvokeParams(f *testing.F)   { fuzzParams[NodeInvokeParams](f, "node.invoke") }
func FuzzParams_CronListParams(f *testing.F)     { fuzzParams[CronListParams](f, "cron.list") }
func FuzzParams_CronAddParams(f *testing.F)      { fuzzParams[CronAddParams](f, "cron.add") }
func FuzzParams_CronUpdateParams(f *testing.F)   { fuzzParams[CronUpdateParams](f, "cron.update") }
func FuzzParams_CronRemoveParams(f *testing.F)   { fuzzParams[CronRemoveParams](f, "cron.remove") }
func FuzzParams_CronRunParams(f *testing.F)      { fuzzParams[CronRunParams](f, "cron.run") }
func FuzzParams_CronRunsParams(f *testing.F)     { fuzzParams[CronRunsParams](f, "cron.runs") }
func FuzzParams_SystemEventParams(f *testing.F)  { fuzzParams[SystemEventParams](f, "system-event") }
func FuzzParams_SendParams(f *testing.F)         { fuzzParams[SendParams](f, "send") }
func FuzzParams_AgentParams(f *testing.F)        { fuzzParams[AgentParams](f, "agent") }
func FuzzParams_AgentWaitParams(f *testing.F)    { fuzzParams[AgentWaitParams](f, "agent.wait") }
func FuzzParams_WebLoginStartParams(f *testing.F) {
	fuzzParams[WebLoginStartParams](f, "web.login.start")
}
func FuzzParams_WebLoginWaitParams(f *testing.F) { fuzzParams[WebLoginWaitParams](f, "web.login.wait") }
func FuzzParams_ChatHistoryParams(f *testing.F)  { fuzzParams[ChatHistoryParams](f, "chat.history") }
func FuzzParams_ChatAbortParams(f *testing.F)    { fuzzParams[ChatAbortParams](f, "chat.abort") }
func FuzzParams_ChatSendParams(f *testing.F)     { fuzzParams[ChatSendParams](f, "chat.send") }
func FuzzParams_ProviderParams(f *testing.F)     { fuzzParams[ProviderParams](f, "providers.start") }
func FuzzParams_OutboxListParams(f *testing.F)   { fuzzParams[OutboxListParams](f, "outbox.list") }
func FuzzParams_OutboxItemParams(f *testing.F)   { fuzzParams[OutboxItemParams](f, "outbox.retry") }
func FuzzParams_WhyParams(f *testing.F)          { fuzzParams[WhyParams](f, "why") }
func FuzzParams_CanvasInvokeParams(f *testing.F) { fuzzParams[CanvasInvokeParams](f, "canvas.invoke") }
func FuzzParams_CanvasStateParams(f *testing.F)  { fuzzParams[CanvasStateParams](f, "canvas.state") }
func FuzzParams_ModelsScanParams(f *testing.F)   { fuzzParams[ModelsScanParams](f, "models.scan") }
func FuzzParams_ModelsProbeParams(f *testing.F)  { fuzzParams[ModelsProbeParams](f, "models.probe") }
func FuzzParams_CanvasURLParams(f *testing.F)    { fuzzParams[CanvasURLParams](f, "canvas.url") }
func FuzzParams_AgentPromptParams(f *testing.F)  { fuzzParams[AgentPromptParams](f, "agent.prompt") }
func FuzzParams_BrowserRequestParams(f *testing.F) {
	fuzzParams[BrowserRequestParams](f, "browser.request")
}
func FuzzParams_ConfigCheckParams(f *testing.F) { fuzzParams[ConfigCheckParams](f, "config.check") }
func FuzzParams_CronPreviewParams(f *testing.F) { fuzzParams[CronPreviewParams](f, "cron.preview") }
func FuzzParams_MCPRestartParams(f *testing.F)  { fuzzParams[MCPRestartParams](f, "mcp.restart") }
func FuzzParams_ExecApprovalResolveParams(f *testing.F) {
	fuzzParams[ExecApprovalResolveParams](f, "exec.approval.resolve")
}
func FuzzParams_ExecApprovalsForgetParams(f *testing.F) {
	fuzzParams[ExecApprovalsForgetParams](f, "exec.approvals.forget")
}
func FuzzParams_UsageStatusParams(f *testing.F) { fuzzParams[UsageStatusParams](f, "usage.status") }
func FuzzParams_PairingApproveParams(f *testing.F) {
	fuzzParams[PairingApproveParams](f, "pairing.approve")
}
func FuzzParams_ConfigRollbackParams(f *testing.F) {
	fuzzParams[ConfigRollbackParams](f, "config.rollback")
}
func FuzzParams_LogsTailParams(f *testing.F) { fuzzParams[LogsTailParams](f, "logs.tail") }

func fuzzParams[P any](f *testing.F, method string) {
	for _, v := range vectors(f) {
		if req, err := ParseRequest(v.Frame); err == nil && req.Method == method {
			f.Add([]byte(req.Params))
		}
	}
	for _, s := range []string{`{}`, `[]`, `{"extra":null}`, `{"id":"\ud800","limit":1e3,"timeoutMs":-0.0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, params []byte) {
		refusal := Validate(method, params)
		if refusal != nil && (refusal.Code != CodeInvalidRequest || !strings.HasPrefix(refusal.Message, "invalid "+method+" params: ")) {
			t.Errorf("refused with %+v", refusal)
		}
		var p P
		err := Unmarshal(params, &p)
		if refusal == nil && err != nil && IsStrict(method) {
			t.Fatalf("%q is accepted, but not decoded: %v", params, err)
		}
		if refusal != nil || err != nil {
			return
		}
		text, err := Marshal(p)
		if err != nil {
			t.Fatalf("%q is not encoded again: %v", params, err)
		}
		if refusal := Validate(method, text); refusal != nil {
			t.Fatalf("%q is accepted, but not as it is encoded again, %q: %v", params, text, refusal)
		}
		var again P
		if err := Unmarshal(text, &again); err != nil {
			t.Fatalf("%q is not decoded again: %v", text, err)
		}
		if twice, err := Marshal(again); err != nil || string(twice) != string(text) {
			t.Errorf("%q becomes %q, and that %q (%v)", params, text, twice, err)
		}
	})
}

// TestParamsAreFuzzed: no type of params is without its target.
func TestParamsAreFuzzed(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("fuzz_params_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Methods []rawMethod `json:"x-methods"`
	}
	if err := Unmarshal(SchemaJSON(), &index); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range index.Methods {
		if m.Params == nil {
			continue
		}
		n++
		name := m.Params.Ref[strings.LastIndex(m.Params.Ref, "/")+1:]
		if !regexp.MustCompile(`func FuzzParams_` + name + `\(`).Match(src) {
			t.Errorf("%s takes %s, which has no target here", m.Name, name)
		}
	}
	if n < 40 {
		t.Errorf("only %d methods have params", n)
	}
}
