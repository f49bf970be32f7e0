package text

import "strings"

// telling are the raw headers that are looked at.
var telling = map[string]bool{
	"auto-submitted": true, "x-autoreply": true, "x-autorespond": true, "x-autoresponder": true, "x-auto-reply-from": true, "x-mail-autoreply": true,
	"precedence": true, "x-precedence": true, "return-path": true, "list-unsubscribe-post": true, "content-type": true,
}

// Telling reports whether a raw header says anything about who or what sent a message: of the others a connector need keep none.
func Telling(name string) bool { return telling[strings.ToLower(name)] }
