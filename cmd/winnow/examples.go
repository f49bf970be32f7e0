package main

import "github.com/spf13/cobra"

// examples are how commands are called that do not say so themselves, by their path after winnow.
var examples = map[string]string{
	"serve":               "WINNOW_HUBSPOT_TOKEN_FILE=token WINNOW_HUBSPOT_CLIENT_SECRET_FILE=secret winnow serve",
	"demo":                "winnow demo --crm salesforce",
	"setup":               "winnow setup hubspot --dry-run",
	"backfill":            "winnow backfill hubspot --since 365d",
	"repair":              "winnow repair",
	"explain":             "winnow explain hubspot 4711 --history",
	"deadletters":         "winnow deadletters --source hubspot",
	"deadletters list":    "winnow deadletters list --stage read --json",
	"deadletters show":    "winnow deadletters show 17",
	"deadletters resend":  "winnow deadletters resend 17 18 --note 'the scope is granted'",
	"deadletters discard": "winnow deadletters discard 17 --note 'a test' --yes",
	"breaker":             "winnow breaker status hubspot",
	"breaker status":      "winnow breaker status hubspot --json",
	"breaker release":     "winnow breaker release hubspot --contact 4711 --note 'asked on the phone'",
	"breaker refuse":      "winnow breaker refuse hubspot --note 'the import was wrong'",
	"forget":              "winnow forget hubspot 4711 --now",
	"config":              "winnow config --set",
	"rules":               "winnow rules --json",
	"backtest":            "winnow backtest --env draft.env --since 365d",
	"learn":               "winnow learn --source hubspot",
	"mapping":             "winnow mapping show espocrm",
	"mapping show":        "winnow mapping show espocrm",
	"mapping check":       "winnow mapping check mapping.yaml",
	"bench":               "winnow bench --section receive",
	"healthcheck":         "winnow healthcheck",
	"version":             "winnow version",
}

// withExamples gives every command below cmd its example.
func withExamples(cmd *cobra.Command, path string) {
	if e, ok := examples[path]; ok {
		cmd.Example = "  " + e
	}
	for _, sub := range cmd.Commands() {
		name := sub.Name()
		if path != "" {
			name = path + " " + name
		}
		withExamples(sub, name)
	}
}
