import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { File, Piece } from '../../../host/host.ts'
import { FileSender } from '../../../host/node/file-sender.ts'
import { nodeDisk } from '../../../host/node/host.ts'
import { slabCounts } from '../../../host/node/slabs.ts'
import { pattern } from '../contract/net-contract.ts'
import { frameOf, receive, slabsLeftBy, station } from './support.ts'

const MIB = 1 << 20
const FILE_BYTES = 24 * MIB
const bytes = pattern(FILE_BYTES)
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/ottla-send-`)
  const file = nodeDisk().open(`${folder}/data`, 'create')
  file.writev([bytes], 0)
  file.close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Bytes that the peer must receive for these pieces. */
function contentOf(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map(piece =>
      Buffer.isBuffer(piece)
        ? piece
        : bytes.subarray(piece.position, piece.position + piece.sizeBytes),
    ),
  )
}

describe.each(['on', 'off'] as const)('sending with native parts %s', native => {
  const setUp = async (mode: 'read' | 'write' = 'read') => {
    const world = await station({ native })
    const file = world.host.disk.open(`${folder}/data`, mode)
    const { socket, peer } = await world.dial()
    return { ...world, file, socket, peer, send: peer.connection!.send.bind(peer.connection) }
  }

  test.each([
    ['one long range', [6 * MIB]],
    ['a range that just suits sendfile', [32 << 10]],
    ['many short ranges', Array.from({ length: 300 }, (_, at) => 500 + at)],
    ['long and short ranges in turn', [3 * MIB, 100, 2 * MIB, 70_000, 5, MIB, 65_536, 4 * MIB]],
  ])('buffers and ranges leave in order: %s', async (_, sizes) => {
    const { file, socket, send, until, close } = await setUp()
    const done: number[] = []
    const all: Piece[] = []
    let at = 0
    for (const [index, sizeBytes] of sizes.entries()) {
      const head = pattern(index % 3 === 0 ? 2000 : 60)
      const pieces = [head, { file, position: at, sizeBytes }]
      at += sizeBytes
      send(pieces, () => done.push(index))
      all.push(...pieces)
    }
    const expected = contentOf(all)
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    await until(() => done.length === sizes.length)
    expect(done).toEqual(sizes.map((_, index) => index))
    file.close()
    await close()
  })

  test('many readers of the same small ranges get the same bytes', async () => {
    const { file, socket, send, close } = await setUp('write')
    const ranges = Array.from({ length: 100 }, (_, at) => ({
      file,
      position: 1000 * (at % 3),
      sizeBytes: at % 5 === 0 ? 3000 : 700,
    }))
    const pieces = ranges.flatMap((range, at) => [frameOf(`head ${at}`), range])
    send(pieces)
    send(pieces.slice(7))
    const expected = contentOf([...pieces, ...pieces.slice(7)])
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    file.close()
    await close()
  })

  test('short and long pieces of one send leave in order, and their file is let go', async () => {
    const { file, socket, send, until, close } = await setUp()
    const sizes = Array.from({ length: 600 }, (_, at) => (at % 7 === 3 ? 5000 : 3000 + at))
    const pieces = sizes.flatMap((sizeBytes, at) => {
      const head = pattern(at % 11 === 5 ? 1024 : at % 60)
      return [head, { file, position: 4096 * at, sizeBytes }]
    })
    let isDone = false
    send(pieces, () => {
      isDone = true
    })
    file.close()
    const expected = contentOf(pieces)
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    await until(() => isDone)
    expect(() => file.read(Buffer.alloc(1), 0)).toThrow('EBADF')
    await close()
  })

  test('a short range past the end of its file ends the connection and frees it', async () => {
    const { file, peer, send, until, close } = await setUp()
    const range = { file, position: 0, sizeBytes: 1000 }
    const behind = { file, position: FILE_BYTES - 10, sizeBytes: 1000 }
    const errors: (Error | null)[] = []
    send([frameOf('x'), range, range, behind, range, range], error => errors.push(error))
    file.close()
    await until(() => peer.closes.length === 1)
    expect(peer.closes[0]).toBeInstanceOf(Error)
    expect(errors).toEqual([expect.any(Error)])
    expect(() => file.read(Buffer.alloc(1), 0)).toThrow('EBADF')
    await close()
  })

  test('sends of nothing are done in their turn', async () => {
    const { file, socket, send, until, close } = await setUp()
    const done: string[] = []
    send([frameOf('a')], () => done.push('a'))
    send([], () => done.push('nothing'))
    send([])
    send([frameOf('b')], () => done.push('b'))
    const expected = contentOf([frameOf('a'), frameOf('b')])
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    await until(() => done.length === 3)
    expect(done).toEqual(['a', 'nothing', 'b'])
    file.close()
    await close()
  })

  test('a slow reader pins no more than two slabs, and gets everything', async () => {
    const { file, socket, peer, send, until, host, close } = await setUp()
    const before = slabCounts().inUse
    const pieces: Piece[] = [{ file, position: 0, sizeBytes: FILE_BYTES }, frameOf('end')]
    let isDone = false
    send(pieces, () => {
      isDone = true
    })
    for (let turn = 0; turn < 300; turn++) await host.loop.nextTurn()
    expect(isDone).toBe(false)
    expect(slabCounts().inUse - before).toBeLessThanOrEqual(2)
    expect(peer.connection?.queuedBytes).toBeGreaterThan(10 * MIB)
    const expected = contentOf(pieces)
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    await until(() => isDone && peer.connection?.queuedBytes === 0 && peer.drains === 1)
    file.close()
    await close()
  })

  test('a connection destroyed while it sends lets go of files and memory', async () => {
    const left = await slabsLeftBy(async () => {
      const { file, peer, send, host, until, close } = await setUp()
      const errors: (Error | null)[] = []
      send([frameOf('x'), { file, position: 0, sizeBytes: FILE_BYTES }], e => errors.push(e))
      send([{ file, position: 0, sizeBytes: FILE_BYTES }], e => errors.push(e))
      file.close()
      for (let turn = 0; turn < 50; turn++) await host.loop.nextTurn()
      expect(file.isCached(0, 1)).toBe(true)
      peer.connection?.destroy(new Error('enough'))
      await until(() => errors.length === 2)
      expect(errors.every(error => error?.message === 'enough')).toBe(true)
      expect(() => file.read(Buffer.alloc(1), 0)).toThrow('EBADF')
      await close()
    })
    // The arena that all connections stage in may have begun its first slab.
    expect(left).toBeLessThanOrEqual(1)
  })

  test('a peer that resets ends the connection once, with a reason', async () => {
    const { file, socket, peer, send, until, close } = await setUp()
    const errors: (Error | null)[] = []
    send([{ file, position: 0, sizeBytes: FILE_BYTES }], error => errors.push(error))
    send([frameOf('behind')], error => errors.push(error))
    await until(() => (peer.connection?.queuedBytes ?? 0) < FILE_BYTES)
    socket.resetAndDestroy()
    await until(() => peer.closes.length === 1)
    expect(peer.closes[0]).toBeInstanceOf(Error)
    expect(errors).toEqual([expect.any(Error), expect.any(Error)])
    file.close()
    await close()
  })

  test('what the disk must bring first is read off the loop', async () => {
    const { file, socket, send, close } = await setUp()
    const cold = coldUntilReadLater(file)
    const pieces = [
      frameOf('head'),
      { file: cold.file, position: 10, sizeBytes: 3 * MIB },
      frameOf('tail'),
    ]
    send(pieces)
    const expected = contentOf(pieces)
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    expect(cold.readsLater()).toBeGreaterThan(0)
    expect(cold.readsNow()).toBe(0)
    file.close()
    await close()
  })

  test('ending sends a long range first', async () => {
    const { file, socket, peer, send, until, close } = await setUp()
    const pieces: Piece[] = [frameOf('head'), { file, position: 3, sizeBytes: 9 * MIB }]
    send(pieces)
    peer.connection?.end()
    const expected = contentOf(pieces)
    expect((await receive(socket, expected.length)).equals(expected)).toBe(true)
    socket.end()
    await until(() => peer.closes.length === 1)
    expect(peer.closes).toEqual([null])
    file.close()
    await close()
  })
})

test('a lone long range goes by sendfile, a group of ranges does not', async () => {
  const { host, dial, close } = await station()
  if (!host.process.nativeParts.includes('sendfile')) return
  const file = host.disk.open(`${folder}/data`, 'read')
  const { socket, peer } = await dial()
  const { calls, restore } = countSends()
  peer.connection?.send([frameOf('h'), { file, position: 0, sizeBytes: MIB }])
  await receive(socket, 5 + MIB)
  expect(calls()).toBeGreaterThan(0)
  const before = calls()
  const range = { file, position: 0, sizeBytes: 100_000 }
  peer.connection?.send([range, frameOf('a'), range, frameOf('b'), range])
  await receive(socket, 300_000 + 10)
  expect(calls()).toBe(before)
  restore()
  file.close()
  await close()
})

test('replies of one turn leave in one segment', async () => {
  const { dial, close, until } = await station({}, (peer, connection) => {
    peer.onFrameArrived = () => connection.send([frameOf('ack')])
  })
  const { socket } = await dial()
  const chunks: number[] = []
  socket.on('data', chunk => chunks.push(chunk.length))
  socket.write(Buffer.concat(Array.from({ length: 50 }, () => frameOf('ask'))))
  await until(() => chunks.reduce((sum, size) => sum + size, 0) === 50 * 7)
  expect(chunks).toEqual([350])
  await close()
})

/** A view of `file` that says it is cold, as another host's file might. */
function coldUntilReadLater(file: File) {
  let later = 0
  let now = 0
  const view: File = {
    path: file.path,
    sizeBytes: file.sizeBytes,
    writev: () => 0,
    read: (target, position, at, sizeBytes) => {
      now++
      return file.read(target, position, at, sizeBytes)
    },
    readLater: (target, position) => {
      later++
      return file.readLater(target, position)
    },
    isCached: () => false,
    uncache: () => Promise.resolve(),
    truncate: () => {},
    sync: () => Promise.resolve(),
    retain: () => file.retain(),
    release: () => file.release(),
    close: () => {},
  }
  return { file: view, readsLater: () => later, readsNow: () => now }
}

/** Counts calls that sent something by sendfile, from here on. */
function countSends() {
  const original = FileSender.prototype.send
  let count = 0
  FileSender.prototype.send = function (socket: Socket, range, takenBytes) {
    const sent = original.call(this, socket, range, takenBytes)
    if (typeof sent === 'number') count++
    return sent
  }
  const restore = () => {
    FileSender.prototype.send = original
  }
  return { calls: () => count, restore }
}
