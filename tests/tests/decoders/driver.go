// Decodes and encodes what its input says, each line with the module that it names.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// What a module has, whatever its types are called.
type decoder interface {
	Feed([]byte)
	Next() ([]byte, bool, error)
}

type module struct {
	decoder func() decoder
	finish  func(decoder) error
	encode  func([]byte) ([]byte, error)
	failure func(error) (string, uint64)
}

func unhex(text string) []byte {
	bytes, err := hex.DecodeString(strings.TrimPrefix(text, "-"))
	if err != nil {
		panic(err)
	}
	return bytes
}

func tohex(bytes []byte) string {
	if len(bytes) == 0 {
		return "-"
	}
	return hex.EncodeToString(bytes)
}

func drain(d decoder, out *bufio.Writer) error {
	for {
		message, found, err := d.Next()
		if err != nil || !found {
			return err
		}
		fmt.Fprintf(out, "m:%s ", tohex(message))
	}
}

func decode(m module, chunks []string, out *bufio.Writer) error {
	d := m.decoder()
	for _, chunk := range chunks {
		d.Feed(unhex(chunk))
		if err := drain(d, out); err != nil {
			return err
		}
		fmt.Fprint(out, "/ ")
	}
	if err := m.finish(d); err != nil {
		return err
	}
	return drain(d, out)
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(line)
		m := modules[words[1]]
		if words[0] == "E" {
			frame, err := m.encode(unhex(words[2]))
			if err != nil {
				fmt.Fprintln(out, "refused")
			} else {
				fmt.Fprintf(out, "ok %s\n", tohex(frame))
			}
			continue
		}
		if err := decode(m, words[2:], out); err != nil {
			kind, offset := m.failure(err)
			fmt.Fprintf(out, "error %s %d %s\n", kind, offset, err)
		} else {
			fmt.Fprintln(out, "ok")
		}
	}
}
