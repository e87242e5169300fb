import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { ConfigNode } from './config-node.js';
import { maskClash } from './masked-braces.js';
import { Problems } from './problems.js';
import { readYaml } from './read-yaml.js';
import type { Environment } from './variables.js';

/** Ten times what a file for a whole grid needs. */
const FILE_BYTES_MAX = 1024 * 1024;

/** A file that is read as YAML, before what it says is checked. */
export interface YamlDocument {
  /** As it was given; messages name it so. */
  file: string;
  /** What the file holds; empty when it cannot be read. */
  text: string;
  /** The file's values with their positions; null when it is no YAML, and `problems` say why. */
  root: ConfigNode | null;
  problems: Problems;
}

/** Reads a file as YAML; never throws for what it holds. `hint` says what to do when it cannot be read. */
export function readDocument(file: string, environment: Environment, hint: string): YamlDocument {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const problems = new Problems(file, '');
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder' : `cannot be read (${code})`;
    problems.error(0, `${why}; ${hint}`);
    return { file, text: '', root: null, problems };
  }
  return documentOf(file, bytes, environment);
}

/** The same for bytes that are there already. */
export function documentOf(file: string, bytes: Uint8Array, environment: Environment): YamlDocument {
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, FILE_BYTES_MAX + 1));
  const problems = new Problems(file, text);
  const fault = textFault(text, bytes);
  if (!fault) return { file, text, root: readYaml(text, environment, problems), problems };
  problems.error(fault.at, fault.message);
  return { file, text, root: null, problems };
}

function textFault(text: string, bytes: Uint8Array): { at: number; message: string } | null {
  if (bytes.length > FILE_BYTES_MAX) return { at: 0, message: `the file is larger than ${FILE_BYTES_MAX} bytes` };
  if (!isUtf8(bytes)) {
    return { at: text.indexOf('\ufffd'), message: 'the file is not UTF-8 text from here on; save it as UTF-8' };
  }
  const control = controlCharacterIn(text);
  if (control >= 0) return { at: control, message: 'a control character stands here; remove it' };
  const clash = maskClash(text);
  if (clash >= 0) return { at: clash, message: 'a character stands here that Unicode keeps out of texts; remove it' };
  if (text.split('\n').every((line) => /^\s*(#.*|---\s*)?$/.test(line))) {
    return { at: 0, message: 'the file is empty; see the bundled pitwall.yaml for what it may hold' };
  }
  return null;
}

/** Where a character stands that is neither text nor white space, or -1. */
function controlCharacterIn(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) || c === 0x7f) return i;
  }
  return -1;
}
