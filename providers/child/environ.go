package child

// passed are the variables that a program gets of its parent's: the person's desktop and language. What else there is, such as
// the gateway's token, stays with the parent.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS",
}

// Environ is the environment of a program that is to see no secrets, "NAME=value".
func Environ(getenv func(string) string) []string {
	env := []string{}
	for _, name := range passed {
		if v := getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}
