package python

import (
	"context"
	"errors"

	"github.com/godrgn/drgn/internal/jupyter"
)

// kernel are the sockets of the Jupyter kernel that this program is, and of each channel the message that was taken last. Under the GIL.
var kernel struct {
	*jupyter.Kernel
	last [3]jupyter.Message
}

func kernelMessage(c Call, first int) jupyter.Message {
	return jupyter.Message{Header: c.Bytes(first), Parent: c.Bytes(first + 1), Metadata: []byte("{}"), Content: c.Bytes(first + 2)}
}

func init() {
	register("_drgn",
		Func{Sig: "_kernel_open(path: path)", Doc: "Listen where a connection file says.", Do: func(c Call) error {
			connection, err := jupyter.ReadConnection(c.Str(0))
			if err != nil {
				return err
			}
			kernel.Kernel, err = jupyter.Open(connection)
			return done(c, err)
		}},
		Func{Sig: "_kernel_next(channel: int)", Doc: "Wait for a message: its header and content; None when the kernel was closed.", Do: func(c Call) error {
			k, channel := kernel.Kernel, jupyter.Channel(c.Int(0))
			taken := make(chan jupyter.Message, 1)
			err := c.Long(func(ctx context.Context) error {
				m, err := k.Next(ctx, channel)
				if err == nil {
					taken <- m
				}
				return err
			})
			switch {
			case errors.Is(err, jupyter.ErrClosed):
				return c.None()
			case err != nil:
				select {
				case m := <-taken: // which Ctrl-C has crossed
					k.Unread(channel, m)
				default:
				}
				return err
			}
			m := <-taken
			kernel.last[channel] = m
			return c.Value(tuple{m.Header, m.Content})
		}},
		Func{Sig: "_kernel_reply(channel: int, header: bytes, parent: bytes, content: bytes)", Doc: "Answer the message that was taken last from a channel.", Do: func(c Call) error {
			kernel.Reply(kernel.last[c.Int(0)], kernelMessage(c, 1))
			return c.None()
		}},
		Func{Sig: "_kernel_ask(header: bytes, parent: bytes, content: bytes)", Doc: "Ask the front end whose request is carried out for input; False if it has no way to give it.", Do: func(c Call) error {
			return c.Truth(kernel.Ask(kernel.last[jupyter.Shell], kernelMessage(c, 0)))
		}},
		Func{Sig: "_kernel_publish(topic: str, header: bytes, parent: bytes, content: bytes)", Doc: "Tell all front ends.", Do: func(c Call) error {
			kernel.Publish(c.Str(0), kernelMessage(c, 1))
			return c.None()
		}},
		Func{Sig: "_kernel_close()", Doc: "Close the sockets once front ends have what was sent.", Do: func(c Call) error {
			k := kernel.Kernel
			return done(c, c.Long(func(context.Context) error {
				k.Close()
				return nil
			}))
		}})
}
