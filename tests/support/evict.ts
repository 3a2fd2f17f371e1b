import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { loadSystemCalls } from '../../host/node/native.ts'
import { type PageCache, pageCache } from '../../host/node/page-cache.ts'

/** Has another program drop a file from the page cache; it must be synced. */
export function evict(path: string): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

/** The page cache where this kernel tells of it and `folder` is not in memory (tmpfs), or null. */
export function evictableCache(folder: string): PageCache | null {
  const calls = loadSystemCalls()
  if (!calls?.cachestat || !calls.dontNeed) return null
  const cache = pageCache(calls) as PageCache
  const path = `${folder}/probe`
  const fd = fs.openSync(path, 'w+')
  try {
    fs.writeSync(fd, Buffer.alloc(4096))
    fs.fsyncSync(fd)
    evict(path)
    return cache.holds(fd, 0, 4096) ? null : cache
  } finally {
    fs.closeSync(fd)
    fs.rmSync(path)
  }
}
