package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// mail is a message of n bytes made of the corpus: plain sentences in four or more languages, a quoted answer and a
// signature.
func mail(b testing.TB, n int) string {
	b.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		b.Fatal("no corpus")
	}
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if !strings.HasPrefix(line, "==") {
				all.WriteString(strings.ReplaceAll(line, `\n`, "\n"))
			}
		}
	}
	text := all.String()
	for len(text) < n {
		text += text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// BenchmarkRead is the whole way from a plain message to features. The letters are what people write; the corpus is the
// worst case, in which every sentence holds a phrase.
func BenchmarkRead(b *testing.B) {
	for name, body := range map[string]string{
		"letter": file(b, "testdata/bench/letter.txt"), "brief": file(b, "testdata/bench/brief.txt"),
		"short":  "Hi Anna,\n\nTuesday works for me.\n\nBest\nTom\n",
		"corpus": unmarked(mail(b, 20000)),
	} {
		in := Input{Direction: crm.In, Subject: "Re: Offer", Body: body, At: at}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			used := cpu()
			for b.Loop() {
				reader.Read(in)
			}
			perSecond(b, len(body), cpu()-used)
		})
	}
}

func file(b *testing.B, name string) string {
	b.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

// perSecond reports how many megabytes a second of processor time reads.
func perSecond(b *testing.B, size int, used time.Duration) {
	if used > 0 {
		b.ReportMetric(float64(size)*float64(b.N)/1e6/used.Seconds(), "MB/cpu-s")
	}
}

// unmarked takes out what would make Strip drop the rest, so that all of it is read.
func unmarked(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if _, ok := quoteHeader([]string{strings.TrimSpace(line)}, 0, 0, false); strings.TrimSpace(line) == "" || ok ||
			quoted(line) || closing(strings.TrimSpace(line)) != notClosing || strings.Contains(line, "-----") ||
			strings.Contains(line, ": ") {
			continue
		}
		out.WriteString(line)
	}
	return out.String()
}

func BenchmarkHTML(b *testing.B) {
	source := "<html><body><div dir=\"ltr\">" + strings.ReplaceAll(mail(b, 20000), "\n", "<br>\n") +
		"</div><div class=\"gmail_quote\"><blockquote class=\"gmail_quote\">old</blockquote></div></body></html>"
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	used := cpu()
	for b.Loop() {
		FromHTML(source)
	}
	perSecond(b, len(source), cpu()-used)
}

// hostile is what an attacker would repeat: text in which every word or line begins like something that is looked for.
var hostile = map[string]string{
	"phrases": "please can you send us again the quote ", "headers": "From: a\n",
	"attribution": "On 5 Jan 2026 at 10:00\n", "attributions": "On 5 Jan 2026 at 10:00 a@b.c:\n",
	"closings": "Best regards\n\n", "quotes": "> \n", "dashes": "-----\n", "rules": "----------\n",
	"separators": "--- a ---\n", "tags": "<div><blockquote>", "addresses": "a@b.c",
	"ats": "@", "local parts": "a.b-c+", "dots": "a.", "banners": "CAUTION: external\n\n",
	"postscripts": "Best\n\nPS: a\n", "colons": "a:\n", "dates": "5.1.2026 ", "numbers": "1 ",
	"questions": "why? ", "not": "not ", "slashes": "a/b.c/", "links": "https://a",
	"blank lines": "a\n\n\n\n\n\n\n\n\n\n\n\n", "spaces": "a               \n", "words": "we ", "signs": "好的",
	"emoji":           "👍",
	"from and blanks": "From: a\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "contacts": "Tel. 1\n", "one line": "a",
	"apostrophes": "d'", "units": "2 weeks ", "months": "5 may ",
	"marks in a line": ">", "marks and blanks": "> > ", "signature marks": "-- \n", "signatures": "Fine.\n-- \nTom\n",
	"sent from": "Sent from my iPhone\n\n", "brackets": "[(<", "joined": "\U0001f469\u200d",
	"combining": "\u0301", "katakana": "ア", "thai": "ก", "right to left": "\u202e\u200f",
	"legal": "confidential and intended solely for the addressee. ", "negations": "cannot not no never ",
	"if": "if it works, ", "question marks": "?", "commas": "a,", "halves of a rule": "--a\n",
	"forwards":    "---------- Forwarded message ---------\nFrom: a\nSubject: b\nTo: c\n\n",
	"blockquotes": "<blockquote>", "citations": `<blockquote type="cite">a`,
	"marked signatures": `<div class="gmail_signature">`, "attributes": "<p a=1 b=2 c=3 d=4>", "entities": "&amp;",
	"half entities": "&#", "ends": "</div>", "one tag": "<p ", "comments": "<!-- a -->", "open comment": "<!--",
	"conditions": "<!--[if mso]><p>a</p><![endif]-->", "hidden": `<div style="display:none">`,
	"attribute": `<a href="`, "cells": "<table><tr><td>a", "class names": `<p class="a x_x_x_a">`, "less than": "<",
	"pre": "<pre>\n", "scripts": "<script>", "paragraphs": "<p>a", "breaks": "<br>",
	"anchors": `<a href="https://a.b/c">`,
}

func BenchmarkHostile(b *testing.B) {
	for name, unit := range hostile {
		body := strings.Repeat(unit, MaxBytes/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			used := cpu()
			for b.Loop() {
				reader.Read(Input{Direction: crm.In, Body: body, At: at})
			}
			perSecond(b, len(body), cpu()-used)
		})
	}
}
