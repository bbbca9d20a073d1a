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

// What a module has besides for which a silence means something.
type listener interface {
	Idle()
	Reply() []byte
}

type module struct {
	decoder func() decoder
	finish  func(decoder) error
	encode  func([]byte) ([]byte, error)
	failure func(error) (string, uint64)
	goesOn  bool // behind errors
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

func tell(m module, err error, out *bufio.Writer) {
	kind, offset := m.failure(err)
	fmt.Fprintf(out, "error %s %d %s", kind, offset, err)
}

func drain(m module, d decoder, out *bufio.Writer) error {
	for {
		message, found, err := d.Next()
		if err != nil && m.goesOn {
			tell(m, err, out)
			fmt.Fprint(out, " ")
			continue
		}
		if err != nil || !found {
			return err
		}
		fmt.Fprintf(out, "m:%s ", tohex(message))
	}
}

func decode(m module, chunks []string, out *bufio.Writer) error {
	d := m.decoder()
	for _, chunk := range chunks {
		bytes := unhex(strings.TrimPrefix(chunk, "~"))
		l, listens := d.(listener)
		// Behind a tilde nobody asks what is complete with the silence.
		if listens && (len(bytes) == 0 || strings.HasPrefix(chunk, "~")) {
			l.Idle()
		}
		d.Feed(bytes)
		if err := drain(m, d, out); err != nil {
			return err
		}
		if listens {
			if reply := l.Reply(); len(reply) > 0 {
				fmt.Fprintf(out, "r:%s ", tohex(reply))
				if err := drain(m, d, out); err != nil {
					return err
				}
			}
		}
		fmt.Fprint(out, "/ ")
	}
	if err := m.finish(d); err != nil {
		return err
	}
	return drain(m, d, out)
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
			tell(m, err, out)
			fmt.Fprintln(out)
		} else {
			fmt.Fprintln(out, "ok")
		}
	}
}
