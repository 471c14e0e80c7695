// One revision of MCP as its published schema tells it: which definition holds for which message.
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { published_schemas } from './schemas.mjs';

const PROBLEMS_MAX = 6; // of one message: what follows the first is mostly its consequence

/// The schema as it has been corrected since: bounds and defaults of numbers are numbers, as schema.ts always had
/// it. The suite's own checks, from whose bundle the schemas are, do the same.
function corrected(schema) {
  const number = (schema.$defs ?? schema.definitions).NumberSchema?.properties ?? {};
  for (const name of ['minimum', 'maximum', 'default']) if (number[name]) number[name].type = 'number';
  return schema;
}

/// The names that a union of the schema refers to; none when there is no such union.
function members_of(union) {
  return (union?.anyOf ?? []).map((one) => one.$ref.split('/').pop());
}

export class Revision {
  constructor(name, schema) {
    this.name = name;
    this.where = schema.$defs ? '$defs' : 'definitions';
    this.definitions = corrected(schema)[this.where];
    const options = { strict: false, allErrors: true };
    this.ajv = schema.$schema.includes('2020-12') ? new Ajv2020(options) : new Ajv(options);
    addFormats(this.ajv);
    this.ajv.addSchema(schema, 'mcp');
    this.compiled = new Map();
    const named = (union) => new Map(members_of(this.definitions[union]).map((one) => [this.method_of(one), one]));
    this.notifications = named('ServerNotification'); // method -> definition
    this.requests = named('ServerRequest'); // what a server may ask; nothing in 2026-07-28
    this.results = new Map(); // method -> {result, may_ask}
    for (const one of members_of(this.definitions.ClientRequest)) {
      this.results.set(this.method_of(one), this.result_of(one));
    }
    this.error_codes = this.error_definitions(); // code -> {definition, of: 'message' | 'error'}
  }

  method_of(definition) {
    return this.definitions[definition].properties.method.const;
  }

  /// XRequest is answered XResult, or with an empty result where there is no such definition.
  result_of(request) {
    const base = request.slice(0, -'Request'.length);
    const response = JSON.stringify(this.definitions[`${base}ResultResponse`] ?? '');
    return {
      result: `${base}Result` in this.definitions ? `${base}Result` : 'EmptyResult',
      may_ask: response.includes('/InputRequiredResult"'),
    };
  }

  error_definitions() {
    const codes = new Map();
    for (const [definition, { properties }] of Object.entries(this.definitions)) {
      for (const part of properties?.error?.allOf ?? []) {
        const code = part.properties?.code?.const;
        if (code !== undefined) codes.set(code, { definition, of: 'message' });
      }
      if (properties?.code?.const !== undefined) codes.set(properties.code.const, { definition, of: 'error' });
    }
    return codes;
  }

  /// The first name that this revision has; they renamed some.
  first_of(...names) {
    return names.find((name) => name in this.definitions);
  }

  /// What is wrong with `value` as a `definition`: [{path, message}], empty when nothing is.
  check(definition, value) {
    if (!(definition in this.definitions)) return [{ path: '', message: `${this.name} has no ${definition}` }];
    let validate = this.compiled.get(definition);
    if (!validate) {
      validate = this.ajv.getSchema(`mcp#/${this.where}/${definition}`);
      this.compiled.set(definition, validate);
    }
    if (validate(value)) return [];
    return validate.errors.slice(0, PROBLEMS_MAX).map((error) => ({
      path: error.instancePath,
      message: `${definition}: ${error.message}`,
    }));
  }
}

/// All four, by name. Throws when their schemas cannot be found.
export function revisions() {
  return new Map(Object.entries(published_schemas()).map(([name, schema]) => [name, new Revision(name, schema)]));
}
