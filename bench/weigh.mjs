// Weighs a built page: the bytes of each file as brotli makes them for the wire, then of all of
// them. The guide, a site of its own, does not count, nor the list of dependencies, which the page
// does not load.
//
//     node weigh.mjs FOLDER
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync, constants } from "node:zlib";

const [, , folder] = argv;
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((file) => !/^guide[/\\]/.test(file) && file !== "sbom.cdx.json")
  .sort();

let all = 0;
for (const file of files) {
  const bytes = readFileSync(join(folder, file));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const { length } = brotliCompressSync(bytes, { params });
  console.log(`${length} ${file}`);
  all += length;
}
console.log(`${all} in all`);
