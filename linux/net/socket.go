package net

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	listnulls "github.com/godrgn/drgn/linux/list_nulls"
)

// SocketOf returns the socket that an inode stands for, as a struct socket *. An inode that is no socket's is a
// *drgn.ValueError.
//
// inode is a struct inode *.
//
//drgn:helper SOCKET_I
func SocketOf(inode drgn.Object) drgn.Object {
	mode, err := inode.Member("i_mode").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	if mode&0o170000 != 0o140000 { // S_IFMT, S_IFSOCK
		return drgn.Failed(&drgn.ValueError{Problem: fmt.Sprintf("not a socket inode: it is of type %s", fs.FileType(mode))})
	}
	return drgn.Entry(inode, "struct socket_alloc", "vfs_inode").Member("socket").AddressOf()
}

// SocketInode returns the inode that stands for a socket, as a struct inode *.
//
// sock is a struct socket *.
//
//drgn:helper SOCK_INODE
func SocketInode(sock drgn.Object) drgn.Object {
	return drgn.Entry(sock, "struct socket_alloc", "socket").Member("vfs_inode").AddressOf()
}

// FullSock reports whether a socket is a whole struct sock. The kernel keeps what stands for a connection that is being
// opened (TCP_NEW_SYN_RECV) or was closed (TCP_TIME_WAIT) among its sockets, but only what begins as a struct sock does.
//
// sk is a struct sock *.
//
//drgn:helper sk_fullsock
func FullSock(sk drgn.Object) (bool, error) {
	state, err := sk.Member("__sk_common").Member("skc_state").Uint()
	if err != nil {
		return false, err
	}
	for _, name := range []string{"TCP_TIME_WAIT", "TCP_NEW_SYN_RECV"} {
		small, err := sk.Prog().Constant(name).Uint()
		if err != nil {
			return false, err
		}
		if state == small {
			return false, nil
		}
	}
	return true, nil
}

// ForEachInChain walks the sockets in a chain of a hash table such as those of tcp_hashinfo.ehash, each as a struct sock *.
//
// head is a struct hlist_nulls_head *.
//
//drgn:helper sk_nulls_for_each
func ForEachInChain(head drgn.Object) iter.Seq2[drgn.Object, error] {
	return listnulls.ForEachEntry("struct sock", head, "__sk_common.skc_nulls_node")
}

// SharedInfo returns what the copies of a packet share, as a struct skb_shared_info *.
//
// skb is a struct sk_buff *.
//
//drgn:helper skb_shinfo
func SharedInfo(skb drgn.Object) drgn.Object {
	end := skb.Member("end")
	at, err := end.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	// An offset on 64-bit machines (NET_SKBUFF_DATA_USES_OFFSET), else a pointer.
	if isPointer(end) {
		return drgn.PointerValue(skb, "struct skb_shared_info", at)
	}
	head, err := skb.Member("head").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(skb, "struct skb_shared_info", head+at)
}
