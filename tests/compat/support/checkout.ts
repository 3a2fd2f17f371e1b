/** A copy of this checkout as a newcomer has it after `npm ci`, to run its commands in. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const root = new URL('../../..', import.meta.url).pathname

export interface Checkout extends Disposable {
  readonly folder: string
}

/** The files git knows or would know; `node_modules` is the one that is there, by a link. */
export function copyOfCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'ottla-checkout-'))
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const paths = execFileSync('git', list, { cwd: root, maxBuffer: 1 << 26 })
    .toString()
    .split('\0')
  for (const path of paths) {
    if (path === '' || path.startsWith('tests/vectors/') || !existsSync(join(root, path))) continue
    cpSync(join(root, path), join(folder, path))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return {
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
