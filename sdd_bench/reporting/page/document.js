"use strict";
/* The document of the page, and the library that draws it. */

const { html, render, Component, useState, useEffect, useLayoutEffect, useRef, useMemo } = htmPreact;

const REPORT = JSON.parse(document.getElementById("report").textContent);
