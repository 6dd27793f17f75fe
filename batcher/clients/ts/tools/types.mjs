// Writes the types of the API's methods: node tools/types.mjs OPENRPC.json OUT.ts
//
// The document describes values as JSON schema, as far as Rust's `schemars` makes it; anything else
// is an error here.

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const REFERENCE = '#/components/schemas/';

/** A name that may stand in code. */
function name(text) {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(text)) throw new Error(`not a name: ${JSON.stringify(text)}`);
  return text;
}

/** A comment of one paragraph, within the width of the code. */
function comment(text, indent = '') {
  if (!text) return '';
  const words = text.replaceAll('*/', '* /').split(/\s+/);
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== '' && indent.length + line.length + word.length + 4 > 96) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/** A value as code. */
function literal(value) {
  const isWord = typeof value === 'string' && /^\w+$/.test(value);
  return isWord ? `'${value}'` : JSON.stringify(value);
}

/** The type of a schema. */
function type(schema, indent) {
  if (schema === true) return 'unknown';
  if (typeof schema !== 'object' || schema === null) {
    throw new Error(`not a schema: ${JSON.stringify(schema)}`);
  }
  if (schema.$ref !== undefined) {
    if (!schema.$ref.startsWith(REFERENCE)) throw new Error(`not a reference: ${schema.$ref}`);
    return name(schema.$ref.slice(REFERENCE.length));
  }
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  if (schema.allOf?.length === 1) return type(schema.allOf[0], indent);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return choices.map((choice) => type(choice, indent)).join(' | ');
  const types = [schema.type].flat();
  return types.map((one) => plain(one, schema, indent)).join(' | ');
}

function plain(one, schema, indent) {
  switch (one) {
    case 'null':
    case 'boolean':
      return one;
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return schema.pattern?.startsWith('^0x') ? 'Hex' : 'string';
    case 'array': {
      const item = type(schema.items, indent);
      return /[ |]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      return object(schema, indent);
    case undefined:
      if (Object.keys(schema).every((key) => key === 'description' || key === 'title')) {
        return 'unknown';
      }
  }
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

function object(schema, indent = '') {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return 'Record<string, never>';
  return `{\n${members(properties, schema.required ?? [], indent)}${indent}}`;
}

function members(properties, required, indent) {
  const inner = `${indent}  `;
  const member = ([key, schema]) => {
    const mark = required.includes(key) ? '' : '?';
    const line = `${inner}${name(key)}${mark}: ${type(schema, inner)};\n`;
    return comment(schema.description, inner) + line;
  };
  return properties.map(member).join('');
}

function declaration([title, schema]) {
  const isInterface = schema.type === 'object' && schema.oneOf === undefined;
  const head = `${comment(schema.description)}export `;
  if (isInterface) return `${head}interface ${name(title)} ${object(schema)}\n`;
  return `${head}type ${name(title)} =${choicesOf(schema)};\n`;
}

/** A type with a comment for each choice, where there are several. */
function choicesOf(schema) {
  if (schema.oneOf === undefined) return ` ${type(schema, '')}`;
  return schema.oneOf
    .map((choice) => `\n${comment(choice.description, '  ')}  | ${type(choice, '  ')}`)
    .join('');
}

function parameters(method) {
  const properties = method.params.map((param) => [param.name, param.schema]);
  const required = method.params.filter((param) => param.required).map((param) => param.name);
  return object({ properties: Object.fromEntries(properties), required }, '    ');
}

/** A member of `Methods` or `Subscriptions`: what the method takes, and what it gives. */
function entry(method, given, schema) {
  const head = comment(method.summary, '  ');
  const params = `    params: ${parameters(method)};\n`;
  return `${head}  '${method.name}': {\n${params}    ${given}: ${type(schema, '    ')};\n  };\n`;
}

function subscriptionNames(method) {
  const { message, unsubscribe } = method['x-subscription'];
  const members = { subscribe: method.name, message, unsubscribe };
  const lines = Object.entries(members).map(([key, value]) => `    ${key}: '${name(value)}',\n`);
  return `  ${name(method.name)}: {\n${lines.join('')}  },\n`;
}

/** A declaration with a comment and members. */
function block(text, head, members, tail = '') {
  return `/** ${text} */\nexport ${head} {\n${members.join('')}}${tail}\n`;
}

/** The text of the types of a document. */
export function generate({ methods, components }) {
  for (const method of methods) {
    if (!/^[a-z]+[._][A-Za-z_]+$/.test(method.name)) {
      throw new Error(`not a method: ${JSON.stringify(method.name)}`);
    }
  }
  const subscriptions = methods.filter((method) => method['x-subscription'] !== undefined);
  const ends = subscriptions.map((method) => method['x-subscription'].unsubscribe);
  const calls = methods.filter(
    (method) => !subscriptions.includes(method) && !ends.includes(method.name),
  );
  return [
    "// Made of the API's OpenRPC document by tools/types.mjs: do not edit.\n",
    "import type { Hex } from './bytes.js';\n",
    ...Object.entries(components.schemas).map(declaration),
    block(
      'The methods: what each takes, and what it answers.',
      'interface Methods',
      calls.map((method) => entry(method, 'result', method.result.schema)),
    ),
    block(
      'The subscriptions: what each takes, and what it sends.',
      'interface Subscriptions',
      subscriptions.map((method) => entry(method, 'news', method['x-subscription'].schema)),
    ),
    block(
      'The names that belong to each subscription.',
      'const SUBSCRIPTIONS =',
      subscriptions.map(subscriptionNames),
      ' as const;',
    ),
  ].join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [source, target] = process.argv.slice(2);
  if (target === undefined) {
    console.error('expected two files: node tools/types.mjs OPENRPC.json OUT.ts');
    process.exit(2);
  }
  writeFileSync(target, generate(JSON.parse(readFileSync(source, 'utf8'))));
}
