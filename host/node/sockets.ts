/**
 * Sockets that read into a buffer we choose, and the ways to get them.
 *
 * `new net.Socket({ onread })` lets the caller say where the next read lands; net.Server offers
 * nothing of the kind. So an accepted connection is taken over, by the first of these that works:
 *   'handle'  the server's raw handle is given our own accept callback (private, ten years stable);
 *   'dup'     its descriptor is duplicated by dup(2), and the original destroyed in the same event;
 *   'data'    it is read as everyone does, with a fresh buffer from Node for each read.
 */
import * as net from 'node:net'
import { LANDING_BYTES_MIN } from './landing.ts'
import type { SystemCalls } from './native.ts'

/** How accepted connections are read. */
export type ReceiveMethod = 'handle' | 'dup' | 'data'

/** Where bytes land and who is told. */
export interface Landing {
  /** Null: nowhere yet. */
  landing(): Buffer | null
  landed(sizeBytes: number, buffer: Buffer): void
}

/** Gets a socket ready to be handed to a connection; `begin` must be called in the same turn. */
export interface RawSocket {
  readonly socket: net.Socket
  begin(target: Landing): void
}

const KEEP_ALIVE_DELAY_MS = 60_000
/** Where the first bytes land of a connection that is not handed over yet. */
const unclaimed = Buffer.allocUnsafeSlow(LANDING_BYTES_MIN)

interface RawServer {
  _handle?: { onconnection?: (status: number, handle?: RawHandle) => void }
}

interface RawHandle {
  setNoDelay?(on: boolean): void
  setKeepAlive?(on: boolean, delaySeconds: number): void
  useUserBuffer?: unknown
  close?(): void
}

/** The descriptor of an open socket, -1 where Node does not tell. */
export function descriptorOf(socket: net.Socket): number {
  if (socket.destroyed) return -1
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null }
  return handle?.fd ?? -1
}

/** Options of a socket that lands where its target says. The target may be set a moment later. */
export function onreadOptions(): { onread: net.OnReadOpts; begin(target: Landing): void } {
  let target: Landing | null = null
  return {
    onread: {
      buffer: () => target?.landing() ?? unclaimed,
      callback: (sizeBytes, buffer) => {
        target?.landed(sizeBytes, buffer as Buffer)
        return true
      },
    },
    begin(given) {
      target = given
    },
  }
}

/** A socket read by 'data' events. */
export function dataSocket(socket: net.Socket): RawSocket {
  return {
    socket,
    begin(target) {
      socket.on('data', (chunk: Buffer) => target.landed(chunk.length, chunk))
    },
  }
}

/** Calls `accepted` for every connection of a listening server; `failed` for one that failed. */
export function takeOver(
  server: net.Server,
  method: ReceiveMethod,
  calls: SystemCalls | null,
  accepted: (raw: RawSocket) => void,
  failed: () => void,
): void {
  if (method === 'handle') {
    const handle = (server as RawServer)._handle as NonNullable<RawServer['_handle']>
    handle.onconnection = (status, client) => {
      if (status !== 0 || client === undefined) failed()
      else accepted(fromHandle(client))
    }
    return
  }
  server.on('connection', socket => {
    if (method === 'data') accepted(dataSocket(tuned(socket)))
    else accepted(fromDuplicate(socket, calls?.dup as (fd: number) => number))
  })
}

/** Which methods this runtime offers, the best first. */
export function receiveMethods(server: net.Server, calls: SystemCalls | null): ReceiveMethod[] {
  const methods: ReceiveMethod[] = []
  const handle = (server as RawServer)._handle
  const userBuffer = Object.getPrototypeOf(handle ?? {})?.useUserBuffer
  if (typeof handle?.onconnection === 'function' && typeof userBuffer === 'function') {
    methods.push('handle')
  }
  if (calls?.dup && process.platform === 'linux') methods.push('dup')
  methods.push('data')
  return methods
}

function fromHandle(handle: RawHandle): RawSocket {
  const { onread, begin } = onreadOptions()
  const options = { handle, allowHalfOpen: true, onread }
  const socket = new net.Socket(options as net.SocketConstructorOpts)
  return { socket: tuned(socket), begin }
}

function fromDuplicate(original: net.Socket, dup: (fd: number) => number): RawSocket {
  const { _handle: handle } = original as unknown as { _handle: { fd: number } }
  const fd = dup(handle.fd)
  if (fd < 0) return dataSocket(tuned(original))
  // At once: what the original reads is lost to us.
  original.destroy()
  const { onread, begin } = onreadOptions()
  const socket = new net.Socket({ fd, allowHalfOpen: true, readable: true, writable: true, onread })
  return { socket: tuned(socket), begin }
}

function tuned(socket: net.Socket): net.Socket {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
  return socket
}
