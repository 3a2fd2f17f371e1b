import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder on a real disk, removed when the test is over. Call within a test. */
export function temporaryFolder(label = 'test'): string {
  const { path, remove } = makeFolder(label)
  onTestFinished(remove)
  return path
}

/** The same for use outside a single test: `using folder = disposableFolder()`. */
export function disposableFolder(label = 'test'): Disposable & { readonly path: string } {
  const { path, remove } = makeFolder(label)
  return { path, [Symbol.dispose]: remove }
}

function makeFolder(label: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `ottla-${label}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
