package args

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Actions is the schema of a tool with an action and the parameters of all actions together, which are those of params, a
// struct. account adds a parameter for one of several accounts.
func Actions(names []string, params any, account bool) wire.Raw {
	s := object(reflect.TypeOf(params))
	first := properties{{"action", &schema{Type: "string", Enum: names}}}
	if account {
		first = append(first, property{"account", &schema{Type: "string", Description: "which account; the first unless said"}})
	}
	s.Properties = append(first, s.Properties...)
	s.Required = append([]string{"action"}, s.Required...)
	return encode(s)
}

// CheckAction checks a call of such a tool. What an action needs of the parameters is for whoever carries it out.
func CheckAction(raw wire.Raw, names []string, params any) error {
	given := map[string]wire.Raw{}
	if len(raw) > 0 && wire.Unmarshal(raw, &given) != nil {
		return fmt.Errorf("the arguments must be a JSON object")
	}
	var head struct {
		Action  string `json:"action" arg:"required"`
		Account string `json:"account"`
	}
	own := map[string]wire.Raw{}
	for _, name := range []string{"action", "account"} {
		if v, ok := given[name]; ok {
			own[name] = v
			delete(given, name)
		}
	}
	if err := Read(encode(own), &head); err != nil {
		return err
	}
	if !slices.Contains(names, head.Action) {
		return fmt.Errorf("there is no action %.40q, or it is switched off; there are %s", head.Action, strings.Join(names, ", "))
	}
	return Check(encode(given), params)
}
