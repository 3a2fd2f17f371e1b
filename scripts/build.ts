/**
 * Makes `dist/`, which is what the package contains:
 *
 *   ottla.js          the CLI, cut at dynamic imports so that a command loads what it needs
 *   index.js          the face for `import`: refuses an old Node, then loads api.js
 *   api.js            the face itself, sharing chunks with the CLI
 *   cjs/index.js      the face for `require`, in one file, with a package.json that says CommonJS
 *   index.d.ts, cjs/  the types, once for each of the two module systems
 *
 * Packages with binaries stay outside the bundles; they are optional and found, or not, when the
 * process starts.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const dist = join(root, 'dist')
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

const common = {
  bundle: true,
  platform: 'node',
  // The oldest Node of package.json's `engines`.
  target: 'node22.15',
  minifySyntax: true,
  external: ['koffi', '@node-rs/crc32', 'msgpackr-extract'],
  logLevel: 'warning',
} satisfies BuildOptions

/** Bundled CommonJS packages (pino) ask for built-in modules by `require`. */
const REQUIRE_BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  'const require = __createRequire(import.meta.url)',
].join(';')

const TS_IMPORT = /((?:from |import |import\()')(\.[^']*)\.ts'/g
const JS_IMPORT = /((?:from |import |import\()')(\.[^']*)\.js'/g

const NODE_CHECK = `const refusal = tooOld(process.versions.node)
if (refusal !== null) throw new Error(refusal)`

rmSync(dist, { recursive: true, force: true })
await buildForImport()
await buildForRequire()
buildTypes()
console.log(`dist/ of ottla ${version} is built`)

async function buildForImport(): Promise<void> {
  const { metafile } = await build({
    ...common,
    entryPoints: { ottla: `${root}client/cli/main.ts`, api: `${root}index.ts` },
    outdir: dist,
    splitting: true,
    format: 'esm',
    metafile: true,
    define: { 'process.env.OTTLA_VERSION': JSON.stringify(version) },
    banner: { js: REQUIRE_BANNER },
  })
  chmodSync(join(dist, 'ottla.js'), 0o755)
  const api = Object.entries(metafile.outputs).find(([path]) => path.endsWith('dist/api.js'))
  writeFileSync(join(dist, 'index.js'), await faceForImport(api?.[1].exports ?? []))
}

/**
 * An old Node cannot even link the rest (its node:zlib lacks names that are imported), so the rest
 * is loaded after the version was looked at.
 */
async function faceForImport(names: readonly string[]): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    stdin: {
      contents: `import { tooOld } from './client/cli/node-version.ts'\n${NODE_CHECK}`,
      resolveDir: root,
    },
    format: 'esm',
    write: false,
  })
  const load = `const api = await import(${JSON.stringify('./api.js')})`
  const exports = names.map(name => `export const ${name} = api.${name}`)
  return [outputFiles[0]?.text ?? '', load, ...exports, ''].join('\n')
}

async function buildForRequire(): Promise<void> {
  await build({
    ...common,
    stdin: {
      contents:
        `const { tooOld } = require('./client/cli/node-version.ts')\n${NODE_CHECK}\n` +
        "module.exports = require('./index.ts')",
      resolveDir: root,
    },
    outfile: join(dist, 'cjs/index.js'),
    format: 'cjs',
    // Jest runs CommonJS without the means for import().
    supported: { 'dynamic-import': false },
    define: {
      'process.env.OTTLA_VERSION': JSON.stringify(version),
      'import.meta.url': '__filename',
      'import.meta.main': 'false',
    },
  })
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n')
}

/** Only the declarations that the face leads to are kept: the rest of the broker is its own. */
function buildTypes(): void {
  const types = mkdtempSync(join(tmpdir(), 'ottla-types-'))
  const config = `${root}scripts/tsconfig.types.json`
  const compiler = `${root}node_modules/.bin/tsc`
  execFileSync(compiler, ['-p', config, '--outDir', types], { stdio: 'inherit' })
  const seen = new Set(['index.d.ts'])
  for (const path of seen) {
    // Older compilers refuse the ending .ts in an import.
    const text = readFileSync(join(types, path), 'utf8').replace(TS_IMPORT, "$1$2.js'")
    for (const to of [join(dist, path), join(dist, 'cjs', path)]) {
      mkdirSync(dirname(to), { recursive: true })
      writeFileSync(to, text)
    }
    for (const [, , target = ''] of text.matchAll(JS_IMPORT)) {
      seen.add(`${posix.join(posix.dirname(path), target)}.d.ts`)
    }
  }
  rmSync(types, { recursive: true })
}
