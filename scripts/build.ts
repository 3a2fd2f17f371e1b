/**
 * Makes `dist/`: the CLI bundled as `dist/ottla.js`, the package's face as `dist/index.js` with its
 * types, both cut at dynamic imports so that a command loads what it needs. Packages with binaries
 * stay outside the bundle; they are optional and found, or not, when the process starts.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** Bundled CommonJS packages (pino) ask for built-in modules by `require`. */
const REQUIRE_BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  'const require = __createRequire(import.meta.url)',
].join(';')

rmSync(`${root}dist`, { recursive: true, force: true })
await build({
  entryPoints: { ottla: `${root}client/cli/main.ts`, index: `${root}index.ts` },
  outdir: `${root}dist`,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  external: ['koffi', '@node-rs/crc32', 'msgpackr-extract'],
  define: { 'process.env.OTTLA_VERSION': JSON.stringify(version) },
  banner: { js: REQUIRE_BANNER },
  logLevel: 'warning',
})
chmodSync(`${root}dist/ottla.js`, 0o755)
execFileSync(`${root}node_modules/.bin/tsc`, ['-p', `${root}scripts/tsconfig.types.json`], {
  stdio: 'inherit',
})
console.log(`dist/ of ottla ${version} is built`)
