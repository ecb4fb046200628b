// Bundles the console's sources into hashed, pre-gzipped files and a manifest: node build.mjs [FOLDER]
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] || join(here, '..', 'static'));
const BUNDLED = ['htmx.org', 'echarts', 'zrender', 'tslib'];

const options = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  outdir: 'out',
  target: ['chrome88', 'safari15'],
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
};
const bundles = await Promise.all([
  build({ ...options, entryPoints: ['src/theme.js', 'src/app.js', 'src/charts.js'], format: 'iife' }),
  build({ ...options, entryPoints: ['src/app.css'] }),
]);
const files = bundles.flatMap((bundle) => bundle.outputFiles)
  .map((file) => ({ name: file.path.split(/[\\/]/).pop(), bytes: Buffer.from(file.contents) }));
files.push({ name: 'icon.svg', bytes: readFileSync(join(here, 'src/icon.svg')) });
files.push({ name: 'licenses.txt', bytes: Buffer.from(licenses()) });

mkdirSync(folder, { recursive: true });
const manifest = {};
for (const { name, bytes } of files) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
  const extension = extname(name);
  const file = `${name.slice(0, -extension.length)}.${hash}${extension}`;
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(join(folder, file), bytes);
  writeFileSync(join(folder, `${file}.gz`), packed);
  manifest[name] = { file, bytes: bytes.length, gzip: packed.length };
}

// The manifest changes in one step, and only then do the files it no longer names go.
const target = join(folder, 'manifest.json');
writeFileSync(`${target}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
renameSync(`${target}.new`, target);
const kept = new Set(['manifest.json', ...Object.values(manifest).flatMap(({ file }) => [file, `${file}.gz`])]);
for (const name of readdirSync(folder)) {
  if (!kept.has(name)) rmSync(join(folder, name), { recursive: true });
}
for (const [name, { file, gzip }] of Object.entries(manifest)) {
  console.log(`${name.padEnd(14)} ${file.padEnd(28)} ${(gzip / 1024).toFixed(1)} KB gzip`);
}

/** The licences of what the bundles contain travel with them. */
function licenses() {
  return BUNDLED.map((name) => {
    const home = join(here, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const texts = readdirSync(home)
      .filter((file) => /^(licen[cs]e|notice|copyrightnotice)/i.test(file) && !/licenses$/i.test(file))
      .map((file) => readFileSync(join(home, file), 'utf8').trim());
    return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
  }).join(`\n${'-'.repeat(72)}\n\n`);
}
