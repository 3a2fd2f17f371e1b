import { readFileSync } from 'node:fs'

/** This package's version: put in by the build, or read beside the sources. */
export function versionText(): string {
  const built = process.env['OTTLA_VERSION']
  if (built !== undefined) return built
  const file = new URL('../../package.json', import.meta.url)
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}
