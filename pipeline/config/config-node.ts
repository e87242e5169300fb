/**
 * The file as a plain tree: aliases followed, variables replaced, with the positions messages need. `offset` is where
 * the node starts, `owner` where the key it belongs to does (its own start when there is none).
 */
export type ConfigNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  kind: 'map';
  offset: number;
  owner: number;
  entries: MapEntry[];
}

export interface MapEntry {
  key: string;
  keyOffset: number;
  value: ConfigNode;
}

export interface ListNode {
  kind: 'list';
  offset: number;
  owner: number;
  items: ConfigNode[];
}

export interface ScalarNode {
  kind: 'scalar';
  offset: number;
  owner: number;
  value: string | number | boolean | null;
  /** As the file has it, with variables by name: what may be printed. */
  shown: string;
  hasVariables: boolean;
  /** Where the first character of `value` stands, when it stands in the file exactly as it is; else null. */
  textOffset: number | null;
  /** An empty value followed by a comment: most likely an unquoted `#`. */
  commented: boolean;
  /** A problem of it is reported already: nothing more is to be said. */
  broken: boolean;
}

export function child(node: ConfigNode | undefined, key: string): ConfigNode | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}

export function entriesOf(node: ConfigNode | undefined): readonly MapEntry[] {
  return node?.kind === 'map' ? node.entries : [];
}

/** The items of a list, or the node itself where one or a list may stand. */
export function itemsOf(node: ConfigNode | undefined): readonly ConfigNode[] {
  if (node === undefined) return [];
  return node.kind === 'list' ? node.items : [node];
}

/** The node's text, or null when it is none or empty. */
export function textOf(node: ConfigNode | undefined): string | null {
  const value = node?.kind === 'scalar' ? node.value : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

export function isBroken(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.broken;
}

/** A scalar that the file does not hold: a default. */
export function scalarNode(value: ScalarNode['value'], at: number): ScalarNode {
  return {
    kind: 'scalar',
    offset: at,
    owner: at,
    value,
    shown: String(value),
    hasVariables: false,
    textOffset: null,
    commented: false,
    broken: false,
  };
}
