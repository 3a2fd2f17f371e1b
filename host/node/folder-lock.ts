/**
 * One owner per folder, among processes and within this one.
 *
 * With koffi: an open file description lock on `.lock`, the file Kafka locks. It excludes Kafka,
 * other brokers and a second broker of this process, and dies with its owner.
 * Always: a file `.ottla-owner` that names its owner by process id and start time. It excludes
 * brokers that run without koffi, and tells people who holds the folder. One whose owner no longer
 * runs is stale and is replaced.
 * Without koffi: the kernel's list of locks is searched for one on `.lock`, so that a Kafka or a
 * broker with koffi is noticed all the same.
 *
 * Crash story: the kernel drops the lock; the owner file stays and is found stale.
 */
import * as fs from 'node:fs'
import { DiskError } from '../disk-error.ts'
import type { FolderLock } from '../host.ts'
import { asDiskError } from './disk-errors.ts'
import type { SystemCalls } from './native.ts'

const LOCK_NAME = '.lock'
const OWNER_NAME = '.ottla-owner'
const F_WRLCK = 1
/** struct flock on 64-bit Linux: type, whence, start, length (0: to the end), pid (0). */
const FLOCK_BYTES = 32
const EAGAIN = 11
const EACCES = 13

/** Folders this process holds without the kernel's help, by their real path. */
const held = new Set<string>()

/** Locks `folder`. Throws DiskError 'LOCKED' when it has an owner, or what the system answers. */
export function lockFolder(folder: string, calls: SystemCalls | null): FolderLock {
  const path = fs.realpathSync(folder)
  if (held.has(path)) throw locked(folder)
  const lockFile = `${path}/${LOCK_NAME}`
  const fd = fs.openSync(lockFile, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
  try {
    if (calls?.ofdLock) lockByKernel(calls, calls.ofdLock, fd, folder)
    else if (isLockedByOthers(fd)) throw locked(folder)
    claim(path, folder)
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
  held.add(path)
  return {
    release() {
      if (!held.delete(path)) return
      fs.rmSync(`${path}/${OWNER_NAME}`, { force: true })
      fs.closeSync(fd)
    },
  }
}

function lockByKernel(
  calls: SystemCalls,
  ofdLock: NonNullable<SystemCalls['ofdLock']>,
  fd: number,
  folder: string,
): void {
  const flock = Buffer.alloc(FLOCK_BYTES)
  flock.writeInt16LE(F_WRLCK, 0)
  if (ofdLock(fd, flock) === 0) return
  const errno = calls.errno()
  if (errno === EAGAIN || errno === EACCES) throw locked(folder)
  throw new DiskError(`ERRNO_${errno}`, folder, 'lockFolder')
}

/** /proc/locks has the inode of every locked file: `1: POSIX ADVISORY WRITE 42 fd:01:1234 0`. */
function isLockedByOthers(fd: number): boolean {
  try {
    const inode = fs.fstatSync(fd).ino
    const lines = fs.readFileSync('/proc/locks', 'latin1').split('\n')
    const ours = new RegExp(`(POSIX|OFDLCK) .*WRITE .*:${inode} `)
    return lines.some(line => ours.test(line))
  } catch {
    return false
  }
}

/** Creates the owner file, whole and at once, by linking a finished one to its name. */
function claim(path: string, folder: string): void {
  const owner = `${path}/${OWNER_NAME}`
  const draft = `${owner}.${process.pid}`
  fs.writeFileSync(draft, `${process.pid} ${startOf(process.pid) ?? ''}\n`)
  try {
    for (let attempts = 0; attempts < 3; attempts++) {
      if (tryToLink(draft, owner)) return
      if (!removeStale(owner)) throw locked(folder)
    }
    throw locked(folder)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

function tryToLink(draft: string, owner: string): boolean {
  try {
    fs.linkSync(draft, owner)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw asDiskError(error, owner, 'lockFolder')
  }
}

/** Whether the owner file is out of the way: its owner has ended, or has just removed it. */
function removeStale(owner: string): boolean {
  const text = readOrNull(owner)
  if (text === null) return true
  if (isRunning(text)) return false
  // Someone else may have replaced it since: take it aside, look again, put back what is not stale.
  const aside = `${owner}.stale.${process.pid}`
  try {
    fs.renameSync(owner, aside)
  } catch {
    return true
  }
  const isStill = readOrNull(aside) === text
  if (!isStill) tryToLink(aside, owner)
  fs.rmSync(aside, { force: true })
  return isStill
}

function readOrNull(path: string): string | null {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

function isRunning(owner: string): boolean {
  const [pidText = '', start = ''] = owner.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isInteger(pid) || pid <= 0) return false
  // An id that this process had before a restart (pid 1 of a container) is told by its start time.
  if (start !== '') return startOf(pid) === start
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot: field 22 of its stat, behind the name. */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function locked(folder: string): DiskError {
  return new DiskError('LOCKED', folder, 'lockFolder')
}
