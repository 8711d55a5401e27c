import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Language, Parser, type Node } from "web-tree-sitter";

const require = createRequire(import.meta.url);
const models = new URL("../../../../wire/swift/GatewayModels.swift", import.meta.url);

/** No Swift compiler is needed to know that the models parse. */
test("the Swift models have no syntax error", async () => {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(require.resolve("@repomix/tree-sitter-wasms/out/tree-sitter-swift.wasm")));
  const faults = (text: string): string[] => {
    const found: string[] = [];
    const walk = (n: Node): void => {
      if (n.isError || n.isMissing) {
        found.push(`line ${n.startPosition.row + 1}: ${n.text.slice(0, 80)}`);
      }
      n.children.forEach((c) => c && walk(c));
    };
    walk(parser.parse(text)!.rootNode);
    return found;
  };
  assert.notDeepEqual(faults("public struct A { public let : Int "), [], "the parser finds nothing wrong at all");
  assert.deepEqual(faults(await readFile(models, "utf8")), []);
});
