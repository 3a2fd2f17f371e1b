/** A listening host, and raw sockets of node:net on the other side. */
import * as net from 'node:net'
import type { Connection, Listener } from '../../../host/host.ts'
import { type NodeHostOptions, nodeHost } from '../../../host/node/host.ts'
import { slabCounts } from '../../../host/node/slabs.ts'
import { Peer } from '../contract/peer.ts'

export { frameOf, Peer } from '../contract/peer.ts'

export interface Station {
  readonly host: ReturnType<typeof nodeHost>
  readonly listener: Listener
  readonly peers: Peer[]
  /** A raw client, connected, and the peer that accepted it. */
  dial(): Promise<{ socket: net.Socket; peer: Peer }>
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

/** Listens with a `Peer` for every connection; `prepare` may adjust it before bytes flow. */
export async function station(
  options: NodeHostOptions = {},
  prepare: (peer: Peer, connection: Connection) => void = () => {},
): Promise<Station> {
  const host = nodeHost({ ...options, log: { level: 'silent' } })
  const peers: Peer[] = []
  const sockets: net.Socket[] = []
  const listener = await host.net.listen({ host: '127.0.0.1', port: 0 }, connection => {
    const peer = new Peer(host.loop)
    peer.connection = connection
    prepare(peer, connection)
    peers.push(peer)
    return peer
  })
  const until = (condition: () => boolean) => new Peer(host.loop).until(condition)
  return {
    host,
    listener,
    peers,
    until,
    async dial() {
      const socket = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
      sockets.push(socket)
      socket.on('error', () => {})
      socket.setNoDelay(true)
      await new Promise(resolve => socket.once('connect', resolve))
      const find = () => peers.find(peer => peer.connection?.remotePort === socket.localPort)
      await until(() => find() !== undefined)
      return { socket, peer: find() as Peer }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await listener.close()
      for (const peer of peers) {
        peer.releaseAll()
        peer.connection?.destroy()
      }
      await until(() => peers.every(peer => peer.closes.length === 1))
    },
  }
}

/** Reads what a raw socket receives until `sizeBytes` are there. */
export async function receive(socket: net.Socket, sizeBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let got = 0
  while (got < sizeBytes) {
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) {
      chunks.push(chunk)
      got += chunk.length
    } else await new Promise(resolve => socket.once('readable', resolve))
  }
  return Buffer.concat(chunks)
}

/** Runs `work` and returns how many slabs it left in use. */
export async function slabsLeftBy(work: () => Promise<void>): Promise<number> {
  const before = slabCounts().inUse
  await work()
  return slabCounts().inUse - before
}
