// The program "inside the pod": azidentity as it is, asked for tokens. Nothing here knows of podid.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

type ask struct {
	// managed or chain.
	Credential string `json:"credential"`
	ClientID   string `json:"clientID"`
	ObjectID   string `json:"objectID"`
	ResourceID string `json:"resourceID"`
	Resource   string `json:"resource"`
	Times      int    `json:"times"`
}

type call struct {
	OK      bool   `json:"ok"`
	Token   string `json:"token,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	var asks []ask
	if err := json.Unmarshal([]byte(os.Args[1]), &asks); err != nil {
		panic(err)
	}
	results := make([][]call, 0, len(asks))
	for _, one := range asks {
		results = append(results, run(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		panic(err)
	}
}

func run(a ask) []call {
	credential, err := credentialFor(a)
	if err != nil {
		panic(err)
	}
	calls := make([]call, 0, a.Times)
	for range a.Times {
		scopes := []string{a.Resource + "/.default"}
		token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: scopes})
		if err != nil {
			calls = append(calls, call{Kind: fmt.Sprintf("%T", err), Message: err.Error()})
		} else {
			calls = append(calls, call{OK: true, Token: token.Token})
		}
	}
	return calls
}

func credentialFor(a ask) (azcore.TokenCredential, error) {
	if a.Credential == "chain" {
		// The chain takes the id from the environment alone.
		if err := os.Setenv("AZURE_CLIENT_ID", a.ClientID); err != nil {
			return nil, err
		}
		return azidentity.NewDefaultAzureCredential(nil)
	}
	options := azidentity.ManagedIdentityCredentialOptions{}
	switch {
	case a.ClientID != "":
		options.ID = azidentity.ClientID(a.ClientID)
	case a.ObjectID != "":
		options.ID = azidentity.ObjectID(a.ObjectID)
	case a.ResourceID != "":
		options.ID = azidentity.ResourceID(a.ResourceID)
	}
	return azidentity.NewManagedIdentityCredential(&options)
}
