// SPDX-License-Identifier: Apache-2.0
//
// Shows the OpenAPI document that ?api= names; the links of the page name them all. The page sends no request to an API and
// takes no credential.
'use strict';

(function () {
    const apiOf = (link) => new URL(link.href).searchParams.get('api');
    const links = Array.from(document.querySelectorAll('nav a'));
    const requested = new URLSearchParams(location.search).get('api');
    const current = links.find((link) => apiOf(link) === requested) || links[0];

    current.setAttribute('aria-current', 'page');
    document.title = `${current.textContent} API reference – mod_orders`;

    // Without requests, a server and a credential have no use on the page.
    const hide = () => () => null;
    const readOnly = () => ({ wrapComponents: { authorizeBtn: hide, authorizeOperationBtn: hide, ServersContainer: hide } });

    window.SwaggerUIBundle({
        domNode: document.getElementById('reference'),
        url: `openapi/${apiOf(current)}.yaml`,
        deepLinking: true,
        defaultModelExpandDepth: 3,
        defaultModelsExpandDepth: 0,
        plugins: [readOnly],
        showExtensions: true, // x-unit
        presets: [window.SwaggerUIBundle.presets.apis],
        supportedSubmitMethods: [],
        validatorUrl: null,
    });
}());
