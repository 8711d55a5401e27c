package child

// Sets of variables that a program may get of its parent's, by what they are about. What stands in none of them, such as the gateway's
// token or a key of a vendor, stays with the parent. These are all the lists there are.
var (
	// Person: who it runs for, the language, where programs and temporary files are.
	Person = []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
		"SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "TEMP", "TMP", "PATHEXT",
	}
	// Network: how the internet is reached, and whom to trust there.
	Network = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"}
	// Places: where programs keep their files.
	Places = []string{
		"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS",
	}
	// Display: where windows are shown.
	Display = []string{"DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"}
	// Session: what gives access to the person's desktop, the keyring included.
	Session = []string{"XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"}
	// Develop: where the tools of developers are and keep what they have.
	Develop = []string{
		"LANGUAGE", "LC_TIME", "LC_NUMERIC", "LC_COLLATE", "LC_MESSAGES", "HOSTNAME", "SSH_AUTH_SOCK",
		"GOPATH", "GOBIN", "GOROOT", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN", "JAVA_HOME", "ANDROID_HOME", "CARGO_HOME", "RUSTUP_HOME",
		"NVM_DIR", "NODE_PATH", "NPM_CONFIG_PREFIX", "PNPM_HOME", "BUN_INSTALL", "PYENV_ROOT", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_TOOL_DIR", "HOMEBREW_PREFIX",
	}
)

// Environ is the environment of a program of the person's desktop that is to see no secrets, "NAME=value".
func Environ(getenv func(string) string) []string { return Pass(getenv, Person, Display, Session) }

// Pass are the variables of these sets that are set to something, "NAME=value".
func Pass(getenv func(string) string, sets ...[]string) []string {
	env := []string{}
	for _, names := range sets {
		for _, name := range names {
			if v := getenv(name); v != "" {
				env = append(env, name+"="+v)
			}
		}
	}
	return env
}
