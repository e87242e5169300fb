import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import { type ConfigNode, type MapEntry, type ScalarNode, scalarNode } from './config-node.js';
import { mask, unmask } from './masked-braces.js';
import type { Problems } from './problems.js';
import { type Environment, expandVariables } from './variables.js';

/** A configuration of a whole racing series stays far below; what is above is an alias bomb. */
const NODES_MAX = 50_000;
const DEPTH_MAX = 64;
/** Looking up an alias walks the document. */
const ALIASES_MAX = 1000;
/** The parser calls itself once a level. */
const FLOW_DEPTH_MAX = 200;

/**
 * Parses YAML 1.2 (core schema) into a tree of plain nodes. Reports to `problems` and returns null when the text is no
 * YAML; problems of single values (variables, tags, merge keys, doubled keys) leave a tree to be checked further.
 */
export function readYaml(text: string, environment: Environment, problems: Problems): ConfigNode | null {
  const masked = mask(text);
  if (flowDepth(masked) > FLOW_DEPTH_MAX) {
    problems.error(0, `brackets are nested more than ${FLOW_DEPTH_MAX} deep`);
    return null;
  }
  let document: Document;
  try {
    document = parseDocument(masked, { version: '1.2', schema: 'core', prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    problems.error(0, `this is no YAML that can be read: ${unmask((error as Error).message)}`);
    return null;
  }
  const first = document.errors[0];
  if (first) {
    reportSyntax(first, masked, problems);
    return null;
  }
  for (const warning of document.warnings)
    problems.error(warning.pos[0], `tags (!) are not used here; quote the value`);
  return new TreeReader(text, document, environment, problems).read();
}

class TreeReader {
  private nodes = 0;
  private aliases = 0;
  private readonly open = new Set<Node>();

  constructor(
    private readonly text: string,
    private readonly document: Document,
    private readonly environment: Environment,
    private readonly problems: Problems,
  ) {}

  read(): ConfigNode {
    return this.convert(this.document.contents as Node | null, 0, 0);
  }

  private convert(node: Node | null, owner: number, depth: number): ConfigNode {
    if (isAlias(node)) {
      const offset = node.range?.[0] ?? owner;
      if (++this.aliases > ALIASES_MAX) {
        return this.aliases === ALIASES_MAX + 1
          ? this.refuse(offset, owner, `the file uses more than ${ALIASES_MAX} aliases`)
          : { ...this.empty(owner), broken: true };
      }
      const target = node.resolve(this.document);
      if (!target)
        return this.refuse(offset, owner, 'this alias has no anchor before it; quote a text that starts with *');
      if (this.open.has(target)) return this.refuse(offset, owner, 'this alias stands for something that holds it');
      return this.convert(target, owner, depth);
    }
    const offset = node?.range?.[0] ?? owner;
    if (++this.nodes > NODES_MAX) {
      return this.nodes === NODES_MAX + 1
        ? this.refuse(offset, owner, `the file has more than ${NODES_MAX} values, counting each use of an alias`)
        : { ...this.empty(owner), broken: true };
    }
    if (depth > DEPTH_MAX) return this.refuse(offset, owner, `values are nested more than ${DEPTH_MAX} deep`);
    if (isMap(node)) {
      this.open.add(node);
      const entries = this.convertEntries(node, depth);
      this.open.delete(node);
      return { kind: 'map', offset, owner, entries };
    }
    if (isSeq(node)) {
      this.open.add(node);
      const items = node.items.map((item) => {
        const itemOffset = (item as Node | null)?.range?.[0] ?? offset;
        return this.convert(item as Node | null, itemOffset, depth + 1);
      });
      this.open.delete(node);
      return { kind: 'list', offset, owner, items };
    }
    return isScalar(node) ? this.convertScalar(node, offset, owner) : this.empty(owner);
  }

  private convertEntries(map: YAMLMap, depth: number): MapEntry[] {
    const entries: MapEntry[] = [];
    const seen = new Set<string>();
    for (const pair of map.items) {
      const keyNode = pair.key as Node | null;
      const keyOffset = keyNode?.range?.[0] ?? map.range?.[0] ?? 0;
      if (!isScalar(keyNode)) {
        this.problems.error(keyOffset, 'a key must be a text; quote it if it starts with {, [, * or &');
        continue;
      }
      const key = unmask(typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? String(keyNode.value)));
      if (key === '<<' && keyNode.type === 'PLAIN') {
        this.problems.error(keyOffset, 'merge keys (<<) are not used here; write the keys out');
        continue;
      }
      if (seen.has(key)) {
        this.problems.error(keyOffset, `the key "${key}" stands twice in the same place; keep one`);
        continue;
      }
      seen.add(key);
      entries.push({ key, keyOffset, value: this.convert(pair.value as Node | null, keyOffset, depth + 1) });
    }
    return entries;
  }

  private convertScalar(node: Scalar, offset: number, owner: number): ConfigNode {
    const raw = node.value;
    if (raw === null || raw === undefined) return this.empty(owner, offset);
    if (typeof raw !== 'string') {
      const value = typeof raw === 'number' || typeof raw === 'boolean' ? raw : String(raw);
      const shown = node.source ?? String(raw);
      return { ...scalarNode(value, offset), owner, shown };
    }
    const shown = unmask(raw);
    const quote = node.type === 'PLAIN' ? 0 : 1;
    const literal = this.text.startsWith(shown, offset + quote) ? offset + quote : null;
    const { text: value, hasVariables, faults } = expandVariables(shown, this.environment);
    for (const fault of faults) this.problems.error(literal === null ? offset : literal + fault.at, fault.message);
    const textOffset = value === shown ? literal : null;
    const broken = faults.length > 0;
    return { kind: 'scalar', offset, owner, value, shown, hasVariables, textOffset, commented: false, broken };
  }

  private empty(owner: number, at?: number): ScalarNode {
    const commented = at !== undefined && /^[ \t]*#/.test(this.text.slice(at));
    return { ...scalarNode(null, owner), shown: '', commented };
  }

  private refuse(offset: number, owner: number, message: string): ConfigNode {
    this.problems.error(offset, message);
    return { ...this.empty(owner), broken: true };
  }
}

/** One message for the first syntax error: what follows it is mostly its echo. */
function reportSyntax(error: YAMLParseError, text: string, problems: Problems): void {
  const at = error.pos[0];
  const unquotedHash = /[:,[{][ \t]+#(?=[ \t]*[,\]}])/.exec(text);
  if (unquotedHash && unquotedHash.index < at) {
    problems.error(unquotedHash.index + unquotedHash[0].length - 1, 'an unquoted # starts a comment; write "#"');
  } else if (error.code === 'TAB_AS_INDENT') {
    problems.error(at, 'a tab stands in the indentation; YAML takes spaces only');
  } else if (error.code === 'MULTIPLE_DOCS') {
    problems.error(at, 'the file holds more than one YAML document; keep what is before the ---');
  } else {
    const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at + 1);
    const hint = /[{[].*[{}[\]?!*&%@`|>'"]/.test(line)
      ? '; inside { } and [ ], quote a text that holds any of { } [ ] , or starts with one of ! * & % @ ` | > ?'
      : '';
    // What would follow is the file's own text, maybe a password.
    const message = error.message.replace(
      /(?<=includes extra characters):.*/s,
      '; quote a text that starts with | or >',
    );
    problems.error(at, `this is not YAML: ${unmask(message)}${hint}`);
  }
}

function flowDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if ((c === 0x7d || c === 0x5d) && depth > 0) depth--;
  }
  return deepest;
}
