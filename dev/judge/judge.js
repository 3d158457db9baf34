/**
 * Judges REST requests by Twilio's own OpenAPI documents, with the core of Stoplight's Prism.
 *
 * Called with the folder of Prism's packages and the documents. Each line of the input is a request
 * as JSON, `{method, url, headers, body}`; each line of the output the judgement,
 * `{violations, status, data}`: the answer is the example of the document.
 */

"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");

const [modules, ...documents] = process.argv.slice(2);
const { getHttpOperationsFromSpec } = require(path.join(modules, "@stoplight/prism-http"));
const { createClientFromOperations } = require(
    path.join(modules, "@stoplight/prism-http/dist/client.js")
);

/** Names of the examples with entries, in the order of preference. */
const EXAMPLES = ["readFull", "fetch", "create", "update"];

const quiet = { child: () => quiet };
for (const level of ["trace", "debug", "info", "success", "warn", "error", "fatal"]) {
    quiet[level] = () => {};
}

/** Returns the operations of one document whose paths the addon may use. */
async function load(argument) {
    const [file, pattern] = argument.split("=");
    const document = JSON.parse(fs.readFileSync(file, "utf8"));
    const wanted = new RegExp(pattern);
    document.paths = Object.fromEntries(
        Object.entries(document.paths).filter(([name]) => wanted.test(name))
    );
    return getHttpOperationsFromSpec(document);
}

/** Returns the names in an address or form that no operation with this path and method knows. */
function unknownNames(operations, url, { method, body }) {
    const { pathname, searchParams } = new URL(url);
    const requests = operations
        .filter((operation) => {
            const pattern = operation.path.replace(/\./g, "\\.").replace(/\{.*?\}/g, "[^/]+");
            return operation.method === method && new RegExp(`^${pattern}$`).test(pathname);
        })
        .map(({ request }) => request);
    if (!requests.length) {
        return []; // the address itself is a violation
    }
    const query = requests.flatMap((request) => (request.query || []).map(({ name }) => name));
    const form = requests.flatMap((request) =>
        (request.body?.contents || []).flatMap(({ schema }) => Object.keys(schema.properties))
    );
    const unknown = (names, known) => [...new Set(names)].filter((name) => !known.includes(name));
    return [
        ...unknown(searchParams.keys(), query).map((name) => `query.${name}`),
        ...unknown(new URLSearchParams(body || "").keys(), form).map((name) => `body.${name}`),
    ];
}

/** Returns the violations of a request, each with its place and a sentence. */
async function judge(client, url, request) {
    try {
        const { violations } = await client.request(url, request);
        return violations.input.map(describe);
    } catch (error) {
        const details = error.additional?.validation;
        return (
            details?.map(describe) || [{ place: "address", text: error.detail || error.message }]
        );
    }
}

function describe({ location = [], message, code }) {
    return { place: location.join("."), text: message || code };
}

/** Returns the answer that the document shows: a list that has entries, if there is one. */
async function example(client, url, request) {
    for (const exampleKey of [...EXAMPLES, undefined]) {
        try {
            const { status, data } = await client.request(url, request, {
                validateRequest: false,
                mock: { dynamic: false, exampleKey },
            });
            return { status, data: data ?? null };
        } catch {
            continue;
        }
    }
    return { status: 404, data: null };
}

async function main() {
    const operations = (await Promise.all(documents.map(load))).flat();
    const client = createClientFromOperations(operations, {
        isProxy: false,
        mock: { dynamic: false },
        checkSecurity: true,
        validateRequest: true,
        validateResponse: false,
        errors: false,
        logger: quiet,
    });
    const lines = readline.createInterface({ input: process.stdin });
    process.stdout.write("ready\n");
    for await (const line of lines) {
        const { url, ...request } = JSON.parse(line);
        const violations = await judge(client, url, request);
        for (const place of unknownNames(operations, url, request)) {
            violations.push({ place, text: "unknown name" });
        }
        const answer = await example(client, url, request);
        process.stdout.write(`${JSON.stringify({ violations, ...answer })}\n`);
    }
}

main();
