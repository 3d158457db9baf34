// Rules for JavaScript. The packages are in node_modules, which `npm ci` fills or dev/setup links to the state folder.
import js from "@eslint/js";
import globals from "globals";

// Odoo patches classes; private members cannot be patched.
const PRIVATE_MEMBERS = {
    selector: "PrivateIdentifier",
    message: "Use a leading underscore instead of '#'.",
};
const STORE = ":matches([name='store'], [property.name='store'])";
const WRITES_TO_STORE = [
    `AssignmentExpression > MemberExpression.left > ${STORE}.object`,
    `UpdateExpression > MemberExpression > ${STORE}.object`,
    `CallExpression[callee.object.name='Object'] > ${STORE}.arguments:first-child`,
].map((selector) => ({ selector, message: "Call a method of the store." }));

export default [
    { ignores: ["static/lib/**", "dist/**", ".dev/**", "node_modules/**"] },
    js.configs.recommended,
    {
        files: ["**/*.js", "**/*.mjs"],
        languageOptions: {
            ecmaVersion: 2022,
            sourceType: "module",
            globals: { ...globals.browser, luxon: "readonly", odoo: "readonly" },
        },
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            "array-callback-return": "error",
            curly: "error",
            "default-case-last": "error",
            eqeqeq: ["error", "smart"],
            "no-console": ["error", { allow: ["debug", "info", "warn", "error"] }],
            "no-constructor-return": "error",
            "no-duplicate-imports": "error",
            "no-else-return": ["error", { allowElseIf: false }],
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-lonely-if": "error",
            "no-new-wrappers": "error",
            "no-promise-executor-return": "off",
            "no-self-compare": "error",
            "no-template-curly-in-string": "error",
            "no-throw-literal": "error",
            "no-undef": "error",
            "no-unneeded-ternary": "error",
            "no-unused-expressions": "error",
            "no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
            ],
            "no-use-before-define": [
                "error",
                { functions: false, classes: false, variables: false },
            ],
            "no-useless-rename": "error",
            "no-useless-return": "error",
            "no-var": "error",
            "object-shorthand": "error",
            "prefer-const": "error",
            "prefer-rest-params": "error",
            "prefer-spread": "error",
            "prefer-template": "error",
            "no-restricted-syntax": ["error", PRIVATE_MEMBERS],
        },
    },
    {
        files: ["static/src/**/*.js"],
        rules: { "no-restricted-syntax": ["error", PRIVATE_MEMBERS, ...WRITES_TO_STORE] },
    },
    // Odoo's modules are patched and extended from outside, browser scripts are not.
    {
        files: ["dev/**/*.js", "dev/**/*.mjs"],
        languageOptions: { globals: { ...globals.browser, ...globals.node, ...globals.worker } },
        rules: { "no-restricted-syntax": "off" },
    },
];
